"""When a time limit is over, reckoned from calendar.csv day by day and hour by hour, with Python's own time zones."""
import csv
import datetime
import io
import zoneinfo

DAY = datetime.timedelta(days=1)
UTC = datetime.timezone.utc


class WorkDays:
    def __init__(self, text, zone):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.hours = {datetime.date.fromisoformat(row["day"]): row["hours"] for row in csv.DictReader(io.StringIO(text))}
        self.first, self.last = min(self.hours), max(self.hours)

    def at(self, day, clock="00:00"):
        hour, minute = map(int, clock.split(":"))
        if hour == 24:
            day, hour = day + DAY, 0
        # fold: where clocks go back an hour comes twice, and PostgreSQL takes the second one
        return datetime.datetime.combine(day, datetime.time(hour, minute, fold=1), self.zone).astimezone(UTC)

    def intervals(self, day):
        return [tuple(self.at(day, clock) for clock in span.split("-")) for span in self.hours[day].split()]

    def days_from(self, day):
        """Until the calendar's last."""
        while day <= self.last:
            yield day
            day += DAY

    def local_day(self, moment):
        return moment.astimezone(self.zone).date()

    def due(self, start, kind, value):
        """The moment, or why there is none."""
        if kind == "URGENT_HOUR":
            return start + datetime.timedelta(hours=value)
        day = self.local_day(start)
        if day < self.first:
            return "no_calendar"
        if day > self.last:
            return "calendar_ends"
        if kind == "WORK_HOUR":
            return self.after_work(start, datetime.timedelta(hours=value))
        if kind == "NATURAL_DAY":
            due = day + value * DAY
            return self.at(due, "24:00") if due <= self.last else "calendar_ends"
        return self.close(start, day, value)

    def after_work(self, start, left):
        if not left:
            return start
        for day in self.days_from(self.local_day(start)):
            for opens, closes in self.intervals(day):
                opens = max(opens, start)
                if closes - opens >= left:
                    return opens + left
                left -= max(closes - opens, datetime.timedelta())
        return "calendar_ends"

    def close(self, start, day, value):
        """The last close of the value-th work day after the day; of 0 the first that is not past."""
        for later in self.days_from(day if value == 0 else day + DAY):
            if not self.hours[later]:
                continue
            closes = self.intervals(later)[-1][1]
            if value == 0 and closes < start:
                continue
            value -= 1
            if value <= 0:
                return closes
        return "calendar_ends"

    def resumed(self, due, kind, suspended, resumed):
        """The same for a limit that stood still in between."""
        if due <= suspended:
            return due
        if kind == "URGENT_HOUR":
            return due + (resumed - suspended)
        if kind == "WORK_HOUR":
            return self.after_work(resumed, self.worked(suspended, due))
        days, last = [], self.local_day(due - datetime.timedelta(microseconds=1))
        for day in self.days_from(self.local_day(suspended) + DAY):
            if day <= last and (kind == "NATURAL_DAY" or self.hours[day]):
                days.append(day)
        return self.due(resumed, kind, len(days))

    def worked(self, since, until):
        total = datetime.timedelta()
        for day in self.days_from(self.local_day(since)):
            if day > self.local_day(until):
                break
            for opens, closes in self.intervals(day):
                total += max(min(closes, until) - max(opens, since), datetime.timedelta())
        return total
