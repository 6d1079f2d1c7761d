// n8n/code/pick.js
// The oldest answer, one a run: answers stay in order, and the cursor need never skip one that was not accepted. An
// answer that nobody has taken for as long as a task waits is given up, so that it holds up the others no longer.
const messages = $input.all().map((one) => one.json);
messages.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
const taken = messages.find((one) => one.taken);
if (taken) {
  const said = Date.parse(taken.said_at);
  const late = Date.now() - said > 1000 * Math.max(60, Number($env.CONFIRMATION_TIMEOUT_SECONDS));
  const when = `<t:${Math.floor(said / 1000)}:T>`;
  const tell = late ? `The answer of ${when} reached no task in time and does not count: give it again, with its word.` : '';
  return [{ json: { ...taken, late, tell } }];
}
const kept = $getWorkflowStaticData('global');
const last = messages.at(-1)?.id ?? 0;
if (BigInt(last) > BigInt(kept.after ?? 0)) kept.after = last;
return [];
