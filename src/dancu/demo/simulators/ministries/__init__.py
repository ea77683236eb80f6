"""The ministries, one file each."""

from __future__ import annotations

from dancu.demo.simulators.known import Ministry
from dancu.demo.simulators.ministries import (
    civil_status,
    driving_licence,
    electricity,
    health_insurance,
    housing,
    land,
    medical_examination,
    merit,
    school_results,
    social_insurance,
    vehicles,
)

MINISTRIES: dict[str, Ministry] = {
    one.code: one
    for one in (
        social_insurance.MINISTRY, health_insurance.MINISTRY, medical_examination.MINISTRY, driving_licence.MINISTRY,
        civil_status.MINISTRY, electricity.MINISTRY, land.MINISTRY, housing.MINISTRY, vehicles.MINISTRY, merit.MINISTRY,
        school_results.MINISTRY,
    )
}  # fmt: skip
