#!/usr/bin/env python3
"""Writes calendar.csv: every day of three years with its office hours.

Facts: the days off and the weekend days worked instead, as the General Office of the State Council announced them for
2024, 2025 and 2026 (each year: 国务院办公厅关于……年部分节假日安排的通知). Assumed: the office hours, the same all year.
"""
import datetime
import pathlib

FIRST, LAST = datetime.date(2024, 1, 1), datetime.date(2026, 12, 31)
OFFICE_HOURS = "08:30-12:00 14:30-18:00"
OFF = """
    2024-01-01 2024-01-01  2024-02-10 2024-02-17  2024-04-04 2024-04-06  2024-05-01 2024-05-05
    2024-06-10 2024-06-10  2024-09-15 2024-09-17  2024-10-01 2024-10-07
    2025-01-01 2025-01-01  2025-01-28 2025-02-04  2025-04-04 2025-04-06  2025-05-01 2025-05-05
    2025-05-31 2025-06-02  2025-10-01 2025-10-08
    2026-01-01 2026-01-03  2026-02-15 2026-02-23  2026-04-04 2026-04-06  2026-05-01 2026-05-05
    2026-06-19 2026-06-21  2026-09-25 2026-09-27  2026-10-01 2026-10-07
"""  # first and last day of each holiday
WORKED = """
    2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12
    2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11
    2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10
"""


def days(text):
    return [datetime.date.fromisoformat(word) for word in text.split()]


def works(day):
    ends = days(OFF)
    if any(first <= day <= last for first, last in zip(ends[::2], ends[1::2])):
        return False
    return day.isoweekday() <= 5 or day in days(WORKED)


def text():
    rows = ["day,hours"]
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + datetime.timedelta(number)
        rows.append(f"{day},{OFFICE_HOURS if works(day) else ''}")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("calendar.csv").write_text(text(), "utf-8")
