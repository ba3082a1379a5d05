"""x"""
from __future__ import annotations
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

@dataclass(frozen=True)
class Verdict:
    kind: str
    text: str
    images: int

def diagnose(*a: Any) -> tuple[Verdict, ...]:
    return ()
