// n8n/code/read.js
// Is a message an answer to a question of TARS? Only as a whole, for a chat with numbers in it must cost no try:
//   6283 | 6283 walrus | 6283 #a7f3 | code: any-pass-phrase walrus | no | no, keep it | deny walrus because it is mine
const MENTION = /^\s*<@!?\d+>/;
const TASK = /(?:^|\s)#(?<task>[a-z0-9](?:[a-z0-9-]{2,38}[a-z0-9]))(?=[\s,.!]|$)/i;
const YES = /^(?:code:\s*(?<phrase>\S{4,200})|(?<digits>\d{4,8}))(?:\s+(?<word>[a-z]{3,20}))?[.!]?$/i;
const NO = /^no(?:\s+(?!because\b)(?<word>[a-z]{3,20}))?(?:(?:\s*[,;:.!]+(?:\s*because\b)?|\s+because\b)\s*(?<reason>.*))?$/is;
const DENY = /^deny(?:\s+(?!because\b)(?<word>[a-z]{3,20}))?(?:[\s,;:.!]+(?:because\s+)?(?<reason>.*))?$/is;

function understood(text) {
  const line = text.replace(MENTION, '');
  const task = line.match(TASK)?.groups.task;
  const rest = line.replace(TASK, '').trim();
  const yes = rest.match(YES)?.groups;
  const no = yes ? undefined : (rest.match(NO) ?? rest.match(DENY))?.groups;
  if (yes) return { code: yes.digits ?? yes.phrase, word: yes.word?.toLowerCase(), task_id: task };
  if (no) return { approve: false, word: no.word?.toLowerCase(), reason: no.reason?.slice(0, 1000), task_id: task };
  return null;
}

function item(message) {
  const { id, channel_id, author, webhook_id } = message;
  const answer = author?.bot || webhook_id ? null : understood(String(message.content ?? ''));
  const who = { channel: 'discord', actor: author?.username, discord_user_id: author?.id };
  // An id of Discord begins with the milliseconds since 2015. What was asked later, an answer does not decide.
  const said_at = new Date(Number((BigInt(id) >> 22n) + 1420070400000n)).toISOString();
  const given = Object.entries({ ...answer, ...who, message_id: id, said_at });
  const raw = JSON.stringify(Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== '')));
  const timestamp = String(Math.floor(Date.now() / 1000));
  const taken = answer !== null;
  return { id, channel_id, said_at, taken, has_code: Boolean(answer?.code), timestamp, raw: taken ? raw : '' };
}

const messages = $input.all().map((one) => one.json.body ?? one.json).filter((one) => /^\d{1,20}$/.test(one.id));
return messages.map((one) => ({ json: item(one) }));
