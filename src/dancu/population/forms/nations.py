"""Countries whose usual Vietnamese name the desk may type, by ISO 3166-1 alpha-3 code. Any other code is accepted as a
code; the list is only there to spare typing."""

from __future__ import annotations

from typing import Final

NATIONS: Final = {
    "VNM": "Việt Nam", "LAO": "Lào", "KHM": "Cam-pu-chia", "CHN": "Trung Quốc", "TWN": "Đài Loan", "KOR": "Hàn Quốc",
    "JPN": "Nhật Bản", "THA": "Thái Lan", "MYS": "Ma-lai-xi-a", "SGP": "Xin-ga-po", "IDN": "In-đô-nê-xi-a",
    "PHL": "Phi-líp-pin", "IND": "Ấn Độ", "AUS": "Úc", "USA": "Hoa Kỳ", "CAN": "Ca-na-đa", "GBR": "Anh", "FRA": "Pháp",
    "DEU": "Đức", "CZE": "Séc", "POL": "Ba Lan", "RUS": "Nga", "UKR": "U-crai-na",
}  # fmt: skip
