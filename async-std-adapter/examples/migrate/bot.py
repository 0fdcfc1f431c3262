"""Posts an alert. Informs the managers if there is no reaction in time, and closes the chat otherwise.

This is the bot before its migration, for version 1.6 of the Python SDK. `bot.rs` is its translation.
"""

import asyncio

from teamwire_api.chats import AlertType
from teamwire_api.exceptions import TWCloseChatNotAllowed, TWConnectionError


async def post(chat, text, alert_type=None):
    for attempt in range(3):
        try:
            return await chat.post(text, alert_type=alert_type)
        except TWConnectionError:
            await asyncio.sleep(2**attempt)
    return await chat.post(text, alert_type=alert_type)


async def run(connection, title, managers_title, text, timeout):
    chats = await connection.chats.get_by_title(title)
    managers = await connection.chats.get_by_title(managers_title)
    if not chats or not managers:
        raise SystemExit("there is no such chat")
    chat = chats[0]
    alert = await post(chat, text, AlertType.ALERT)

    reacted = asyncio.Event()

    async def on_reaction(_):
        if await chat.get_am_reactions(alert):
            reacted.set()

    updates = asyncio.get_event_loop().create_task(
        connection.chats.subscribe_am_reaction_updates(on_reaction)
    )
    try:
        await asyncio.wait_for(reacted.wait(), timeout)
    except asyncio.TimeoutError:
        await post(managers[0], f"No reaction: {text}", AlertType.ALERT)
        return
    finally:
        updates.cancel()
        await connection.chats.unsubscribe_am_reaction_updates()

    try:
        await chat.close()
    except TWCloseChatNotAllowed:
        print("The administrator does not allow bots to close chats.")
