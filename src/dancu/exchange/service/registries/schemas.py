"""The form of a registry's schema: what GovStack's Database API describes, checked before one is kept and given back as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

_TEXTS: Final = ("type", "description", "example")
_TRIGGER_TEXTS: Final = ("logic", "value", "gate", "type")
_DEEPEST: Final = 20


def well_formed(schema: Any, depth: int = 0) -> bool:
    """Is this a schema of the standard's kind? Members it does not name may hold anything."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return False
    inner, required, triggers = schema.get("properties", {}), schema.get("required", []), schema.get("triggers", [])
    return (
        all(isinstance(schema.get(name, ""), str) for name in _TEXTS)
        and all(isinstance(schema.get(name, False), bool) for name in ("primaryKey", "readOnly"))
        and all(_whole(schema.get(name, 0)) for name in ("id", "incrementIndex"))
        and ((isinstance(required, bool) and depth > 0) or _each(required, lambda one: isinstance(one, str)))
        and isinstance(inner, Mapping)
        and all(well_formed(one, depth + 1) for one in inner.values())
        and _each(triggers, _trigger)
    )


def _trigger(trigger: Any) -> bool:
    return isinstance(trigger, Mapping) and all(_each(trigger.get(name, []), _step) for name in ("conditions", "actions"))


def _step(step: Any) -> bool:
    return isinstance(step, Mapping) and all(isinstance(step.get(name, ""), str) for name in _TRIGGER_TEXTS) and _whole(step.get("field_id", 0))


def _each(values: Any, test: Callable[[Any], bool]) -> bool:
    return isinstance(values, list) and all(test(one) for one in values)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
