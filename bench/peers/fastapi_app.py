"""The endpoint as FastAPI and pydantic would have it: python fastapi_app.py CONTRACT.json PORT."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI, Header
from pydantic import BaseModel, Field

CONTRACT = json.loads(Path(sys.argv[1]).read_text("utf-8"))
KNOWN = CONTRACT["schema"]["properties"]
ANSWER = CONTRACT["answer"]


class Asked(BaseModel):
    """A request."""

    model: Literal[tuple(KNOWN["model"]["enum"])]
    prompt: str = Field(min_length=1)
    size: Literal[tuple(KNOWN["size"]["enum"])] = KNOWN["size"]["enum"][0]
    n: int = Field(1, ge=KNOWN["n"]["minimum"], le=KNOWN["n"]["maximum"])
    seed: int | None = Field(None, ge=KNOWN["seed"]["minimum"], le=KNOWN["seed"]["maximum"])
    response_format: Literal["url", "b64_json"] = "url"
    watermark: bool = True
    prompt_extend: bool = True
    negative_prompt: str | None = Field(None, max_length=500)


app = FastAPI()


@app.post(CONTRACT["path"])
async def generate(_asked: Asked, _authorization: Annotated[str, Header(alias="authorization")]) -> dict:
    """Answer; the parameters are checked, and that there is a key."""
    return ANSWER


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), access_log=False, log_level="error")
