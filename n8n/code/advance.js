// n8n/code/advance.js
// The cursor moves on, never back, once the api has taken the answer or has refused it for good, or once it is too old
// to be brought. Until then each run tries again.
const heard = $input.first().json;
if (heard.again) throw new Error(`The api answered ${heard.status}: the next run tries again.`);
const kept = $getWorkflowStaticData('global');
if (BigInt(heard.id) > BigInt(kept.after ?? 0)) kept.after = heard.id;
return [{ json: heard }];
