// n8n/code/cursor.js
// Where reading goes on. The first run begins now, so that codes of the past stay there: an id of Discord begins
// with the milliseconds since 2015.
const kept = $getWorkflowStaticData('global');
kept.after ??= String((BigInt(Date.now()) - 1420070400000n) << 22n);
return [{ json: { after: kept.after } }];
