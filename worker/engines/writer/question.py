"""What is asked of the model, in the words of the protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from worker.engines.writer.dialect import Dialect
from worker.engines.writer.schema import named_schema, plain, strict


@dataclass(frozen=True)
class Question:
    """One question, whatever it takes to have it answered.

    Attributes:
        length: longest answer, in tokens.
        named: the job named the model, so that an unknown one is its fault.
        complaint: what was wrong with the answer before.
    """

    instructions: str
    text: str
    form: type[BaseModel]
    model: str
    length: int
    temperature: float
    named: bool = False
    complaint: str | None = None

    def request(self, dialect: Dialect) -> dict[str, Any]:
        """The body of a request in this dialect."""
        body: dict[str, Any] = {"model": self.model, "messages": self._messages(dialect)}
        if dialect.form != "prompt":
            body["response_format"] = self._format(dialect)
        if dialect.length:
            body[dialect.length] = self.length
        if dialect.temperature:
            body["temperature"] = self.temperature
        if dialect.usage:
            body["stream_options"] = {"include_usage": True}
        return body

    def _messages(self, dialect: Dialect) -> list[dict[str, str]]:
        parts = [self.instructions]
        if dialect.form in {"schema", "plain schema"}:
            # Blanks are tokens too; and some servers want the word in the question.
            parts.append("Answer with JSON in one line, without blanks between its parts.")
        else:
            schema = json.dumps(strict(self.form.model_json_schema()), ensure_ascii=False)
            parts.append(
                f"Answer with one JSON object and nothing else. It must be valid by this JSON Schema:\n{schema}"
            )
        if self.complaint:
            parts.append(f"An earlier answer was refused. Do not repeat its fault: {self.complaint}")
        return [{"role": "system", "content": "\n\n".join(parts)}, {"role": "user", "content": self.text}]

    def _format(self, dialect: Dialect) -> dict[str, Any]:
        if dialect.form == "object":
            return {"type": "json_object"}
        schema = strict(self.form.model_json_schema())
        return named_schema(self.form.__name__, plain(schema) if dialect.form == "plain schema" else schema)
