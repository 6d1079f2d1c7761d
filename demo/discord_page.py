"""The stub Discord's face: a page to read the channel and type into it, and what tests ask for."""

import html
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from demo.discord_channel import CHANNEL_ID, Discord, Fault, File, Message, Seen

_STYLE = """
body{background:#313338;color:#dbdee1;font:15px/1.4 system-ui;max-width:60rem;margin:1rem auto}
article{padding:.5rem 1rem}b{color:#f2f3f5}time,i{color:#949ba4;font-size:.8rem}
pre{white-space:pre-wrap;margin:.2rem 0;font:inherit}a{color:#00a8fc}
section{border-left:4px solid;background:#2b2d31;border-radius:4px;padding:.5rem;margin:.3rem 0}
form{position:sticky;bottom:0;background:#313338;padding:1rem}input{width:100%;padding:.7rem;
background:#383a40;color:inherit;border:0;border-radius:8px;font:inherit}
button{background:#4e5058;color:inherit;border:0;border-radius:3px;padding:.4rem 1rem}
"""
_SCRIPT = """
const list=document.querySelector('main');
async function load(){const answer=await fetch('/_demo/page');const text=await answer.text();
if(list.innerHTML!==text){list.innerHTML=text;scrollTo(0,document.body.scrollHeight)}}
document.forms[0].onsubmit=async event=>{event.preventDefault();const input=event.target.content;
const body=JSON.stringify({content:input.value});input.value='';
await fetch('/_demo/say',{method:'POST',headers:{'content-type':'application/json'},body});load()};
setInterval(load,1000);load();
"""


class Said(BaseModel):
    """A message that a person types."""

    content: str
    author_id: str = "5001"
    author: str = "person"
    channel_id: str = CHANNEL_ID


def page_router(discord: Discord) -> APIRouter:
    """Answer the page, the files, and the controls under `/_demo`."""
    router = APIRouter()

    @router.get("/")
    async def page() -> HTMLResponse:
        form = '<form><input name="content" placeholder="Message" autocomplete="off"></form>'
        return HTMLResponse(
            f"<!doctype html><title>Stub Discord</title><style>{_STYLE}</style>"
            f"<main></main>{form}<script>{_SCRIPT}</script>"
        )

    @router.get("/attachments/{channel}/{file}/{name}")
    async def attachment(file: str) -> Response:
        content = discord.files.get(file)
        status = 404 if content is None else 200
        return Response(content or b"", status, media_type="text/plain; charset=utf-8")

    @router.get("/_demo/page")
    async def messages_page() -> HTMLResponse:
        return HTMLResponse("".join(map(_article, discord.messages)))

    @router.get("/_demo/messages")
    async def messages() -> list[Message]:
        return discord.messages

    @router.get("/_demo/requests")
    async def requests() -> list[Seen]:
        return discord.seen

    @router.post("/_demo/say", status_code=201)
    async def say(said: Said) -> Message:
        author = {"id": said.author_id, "username": said.author, "bot": False}
        no_files: list[File] = []
        return discord.post(
            {"content": said.content}, no_files, thread_id=said.channel_id, author=author
        )

    @router.post("/_demo/faults", status_code=204)
    async def faults(fault: Fault) -> None:
        discord.faults.append(fault)

    return router


def _article(message: Message) -> str:
    bell = "" if message.flags & 4_096 else " 🔔"
    edited = " (edited)" if message.edited_timestamp else ""
    name, clock = _text(message.author["username"]), _clock(message.timestamp)
    parts = [
        f"<b>{name}</b>{bell} <time>{clock}{edited}</time>",
        f"<pre>{_text(message.content)}</pre>",
        *map(_embed, message.embeds),
        *(
            f'<a href="{_text(one["url"])}">{_text(one["filename"])}</a> <i>{one["size"]} bytes</i>'
            for one in message.attachments
        ),
        *(
            f"<button disabled>{_text(button.get('label', ''))}</button> "
            for row in message.components
            for button in row.get("components", [])
        ),
    ]
    return f"<article>{''.join(parts)}</article>"


def _embed(embed: dict[str, Any]) -> str:
    color = int(embed.get("color") or 0x5865F2)
    fields = "".join(
        f"<b>{_text(field['name'])}</b><pre>{_text(field['value'])}</pre>"
        for field in embed.get("fields") or []
    )
    footer = (embed.get("footer") or {}).get("text", "")
    return (
        f'<section style="border-color:#{color:06x}"><b>{_text(embed.get("title"))}</b>'
        f"<pre>{_text(embed.get('description'))}</pre>{fields}<i>{_text(footer)}</i></section>"
    )


def _text(text: object) -> str:
    return html.escape(str(text or ""))


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"
