"""Capture adapters: where a picture or a card's text comes from. A file and a webcam come with the page's form; a maker's
device through HTTP on the loopback address (docs/devices.md)."""

from dancu.cards.ports.capture import Captured, Device, DeviceInfo, FileCapture, Source

__all__ = ["Captured", "Device", "DeviceInfo", "FileCapture", "Source"]
