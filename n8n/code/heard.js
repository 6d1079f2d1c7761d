// n8n/code/heard.js
// What the api said to an answer. `again`: it was not taken, and may be another time. `tell`: what the person should
// read in the channel; some of it is told by the task itself, and a "no" in a chat where nothing waits by nobody.
const answer = $input.first().json;
const status = answer.statusCode ?? 0;
let said = {};
try {
  said = JSON.parse(answer.data) ?? {};
} catch {
  // no answer, or an error page of somebody on the way
}
const { id, channel_id, has_code } = $('Sign').first().json;
const again = status === 0 || [401, 408, 429].includes(status) || status >= 500;
const told = ['accepted', 'denied', 'wrong_code', 'locked'].includes(said.outcome);
const silent = again || told || (!has_code && said.outcome === 'nothing_waiting');
const tell = silent ? '' : String(said.message ?? said.detail ?? '').slice(0, 1900);
return [{ json: { status: status || 503, again, said, tell, id, channel_id, has_code } }];
