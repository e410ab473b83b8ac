"""Asks an OpenAI-compatible endpoint with the official client, streaming, and prints what it said."""

import json
import sys

from openai import OpenAI

client = OpenAI(base_url=sys.argv[1], api_key="s3cret", max_retries=0)
stream = client.chat.completions.create(
    model="tiny",
    messages=[{"role": "user", "content": "Where does a verdict land?"}],
    stream=True,
    stream_options={"include_usage": True},
)
said, usage, response_id = "", None, None
for chunk in stream:
    response_id = chunk.id
    if chunk.usage:
        usage = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens]
    for choice in chunk.choices:
        said += choice.delta.content or ""
print(json.dumps({"said": said, "usage": usage, "id": response_id}))
