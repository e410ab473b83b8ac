"""What the decorator makes of functions, generators, exceptions and values."""

import asyncio

import mlflow
from mlflow.entities import SpanType

from fixtures import traced

# --- functions ----------------------------------------------------------------------------------


@mlflow.trace(span_type=SpanType.RETRIEVER)
def retrieve(question, k=2):
    return [{"page_content": f"{question} {i}", "metadata": {"doc_uri": f"doc/{i}"}} for i in range(k)]


@mlflow.trace(name="generate", span_type=SpanType.LLM, attributes={"model": "m-1", "temperature": 0.5})
def answer(question, documents):
    return f"{len(documents)} documents say so"


@mlflow.trace(span_type=SpanType.CHAIN)
def ask(question, *more, flag=True, **options):
    return answer(question, retrieve(question, k=3))


@mlflow.trace
async def fetch(part):
    await asyncio.sleep(0.002 * part)
    return part * 10


@mlflow.trace(name="async root")
async def gather(parts):
    first = await fetch(1)
    second = await fetch(2)
    return {"parts": parts, "sum": first + second}


@mlflow.trace
def factorial(n):
    return 1 if n <= 1 else n * factorial(n - 1)


class Agent:
    @mlflow.trace(span_type=SpanType.AGENT)
    def act(self, goal):
        return self.tool(goal)

    @mlflow.trace(span_type="custom type")
    def tool(self, goal):
        return None


@mlflow.trace
def no_arguments():
    return None


def functions(rec):
    traced(rec, "nested", lambda: ask("why?", 1, 2.5, flag=False, limit={"a": [1, None]}))
    traced(rec, "coroutine", lambda: asyncio.run(gather([1, 2])))
    traced(rec, "recursion", lambda: factorial(4))
    traced(rec, "methods", lambda: Agent().act("win"))
    traced(rec, "no_arguments", no_arguments)
    traced(rec, "lambda", lambda: mlflow.trace(lambda x: x + 1, name="plus one")(41))


# --- generators ---------------------------------------------------------------------------------


@mlflow.trace
def stream(n):
    for i in range(n):
        yield f"token {i} "


@mlflow.trace(output_reducer=lambda parts: {"text": "".join(parts), "tokens": len(parts)})
def reduced(n):
    for i in range(n):
        yield chr(97 + i)


@mlflow.trace
async def astream(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


@mlflow.trace
def outer_stream(n):
    yield from stream(n)


@mlflow.trace
def broken_stream():
    yield "first"
    raise ConnectionError("connection lost")


async def collect(source):
    return [item async for item in source]


def generators(rec):
    traced(rec, "generator", lambda: list(stream(3)))
    traced(rec, "generator_reduced", lambda: list(reduced(4)))
    traced(rec, "generator_empty", lambda: list(stream(0)))
    traced(rec, "generator_nested", lambda: list(outer_stream(2)))
    traced(rec, "generator_async", lambda: asyncio.run(collect(astream(3))))
    traced(rec, "generator_broken", lambda: list(broken_stream()))


# --- exceptions ---------------------------------------------------------------------------------


@mlflow.trace(span_type=SpanType.TOOL)
def fail(text):
    raise ValueError(text)


@mlflow.trace
def passes_on():
    return fail("kaboom")


@mlflow.trace
def recovers():
    try:
        fail("caught")
    except ValueError as error:
        return f"recovered from {error}"


@mlflow.trace
async def fail_async():
    raise KeyError("missing ü")


def exceptions(rec):
    traced(rec, "exception", lambda: fail("boom 'quoted' \"both\""))
    traced(rec, "exception_nested", passes_on)
    traced(rec, "exception_caught", recovers)
    traced(rec, "exception_async", lambda: asyncio.run(fail_async()))


# --- values -------------------------------------------------------------------------------------


@mlflow.trace
def echo(value):
    return value


VALUES = {
    "none": None,
    "true": True,
    "int": 5,
    "negative": -7,
    "int_beyond_double": 9007199254740993,
    "float_whole": 5.0,
    "float": 0.1,
    "float_tiny": 1e-300,
    "text": "grüße 日本 🎉\nline \"two\" \\ 'three' \u0000end",
    "text_empty": "",
    "text_json_object": '{"a": 1}',
    "text_json_list": "[1, 2]",
    "text_json_string": '"quoted"',
    "text_number": "5",
    "text_true": "true",
    "text_null": "null",
    "list": [1, 2.0, "x", None, True, [], {}],
    "dict": {"a": {"b": [1, {"c": None}]}, "": "empty key", "ключ": "значение"},
    "list_empty": [],
    "dict_empty": {},
    "tuple": (1, "a"),
    "long": "y" * 3000,
}


def values(rec):
    @mlflow.trace
    def all_values():
        for name, value in VALUES.items():
            with mlflow.start_span(name=name) as span:
                span.set_inputs({"value": value})
                span.set_outputs(value)
                span.set_attribute("attribute", value)

    traced(rec, "values", all_values)
    for name in ("text", "list", "text_json_object", "long"):
        traced(rec, f"value_{name}", lambda value=VALUES[name]: echo(value))
