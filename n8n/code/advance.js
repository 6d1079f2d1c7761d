// n8n/code/advance.js
// The cursor moves on once the api has taken the answer, or has refused it for good. Until then each run tries again.
const heard = $input.first().json;
if (heard.again) throw new Error(`The api answered ${heard.status}: the next run tries again.`);
$getWorkflowStaticData('global').after = heard.id;
return [{ json: heard }];
