// n8n/code/pick.js
// The oldest answer, one a run: answers stay in order, and the cursor need never skip one that was not accepted.
const messages = $input.all().map((one) => one.json);
messages.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
const taken = messages.find((one) => one.taken);
if (taken) return [{ json: taken }];
if (messages.length) $getWorkflowStaticData('global').after = messages.at(-1).id;
return [];
