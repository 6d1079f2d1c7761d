// n8n/code/answer.js
// What the sender is told of Discord's answer. Discord's 404 must not look like n8n's own, which it gives while it
// starts: a refusal of Discord is 422, a Discord that is away 502, and only its 429 stays what it is.
const answer = $input.first().json;
const status = answer.statusCode ?? 0;
let said = {};
try {
  said = JSON.parse(answer.data) ?? {};
} catch {
  // an error page of somebody on the way
}
const body = { ok: status >= 200 && status < 300, message_id: said.id ?? null, discord_status: status };
let code = 200;
if (status === 429) {
  code = 429;
  body.retry_after = Number(said.retry_after ?? answer.headers?.['retry-after']) || 5;
} else if (!body.ok) {
  code = status >= 400 && status < 500 && status !== 408 ? 422 : 502;
}
if (!body.ok) body.error = status ? String(said.message ?? `Discord answered ${status}`) : 'Discord was not reached';
const key = $('Event').first().json.headers['idempotency-key'];
if (body.ok && key) {
  const kept = $getWorkflowStaticData('global');
  const posted = Object.entries({ ...kept.posted, [key]: said.id });
  kept.posted = Object.fromEntries(posted.slice(-200));
}
return [{ json: { code, retry_after: String(Math.ceil(body.retry_after ?? 0)), body } }];
