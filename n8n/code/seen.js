// n8n/code/seen.js
// A message that Discord took although its sender never heard so, because it died or gave up, is not posted again.
const key = $input.first().json.headers['idempotency-key'];
const message_id = $getWorkflowStaticData('global').posted?.[key];
const body = { ok: true, message_id, discord_status: 200 };
return [{ json: { known: Boolean(message_id), code: 200, retry_after: '0', body } }];
