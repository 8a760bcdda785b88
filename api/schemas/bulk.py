from __future__ import annotations

from pydantic import BaseModel, Field


class LineProblem(BaseModel):
    """Why a line made no job."""

    line: int = Field(description="Its number, from 1.")
    code: str = Field(examples=["invalid"])
    field: str | None = Field(examples=["input.file"])
    message: str


class BulkReport(BaseModel):
    """What became of the lines."""

    accepted: int = Field(description="Jobs made.")
    known: int = Field(description="Lines left out, as an earlier one asked for the same work on the same input.")
    refused: int = Field(description="Lines that are wrong; the others count all the same.")
    errors: list[LineProblem] = Field(description="The first hundred of those.")
