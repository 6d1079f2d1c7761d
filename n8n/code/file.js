// n8n/code/file.js
// The file beside a message, as n8n hands files on: a task has one at most, its log.
const [[name, text]] = Object.entries($('Event').first().json.body.discord.files);
const data = Buffer.from(text).toString('base64');
return [{ json: {}, binary: { file: { data, fileName: name, mimeType: 'text/plain; charset=utf-8' } } }];
