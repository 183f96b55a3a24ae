"""Analytics over HTTP, counted from the calls that the emulator holds. `call_figures` does the counting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from agentops.emulator.rest.calls import call_figures as figures
from agentops.emulator.rest.calls.call_figures import DAY, Period
from agentops.emulator.rest.calls.conversations import TYPES, current_calls, recording_url
from agentops.emulator.rest.schema import COUNT, ID, NUMBER, TEXT, Schema, array, maybe, obj, one_of
from agentops.emulator.rest.shapes import CALL_ID
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, succeeded, success
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import ORGANIZATION_ID, Store

DEFAULT_DAYS = 7  # of a period that the request leaves open


# -- which calls


def _period(store: Store, request: Request) -> Period:
    """The period that is asked for; a date alone is its whole day."""
    end = request.moment("dateTo") or store.clock.now()
    if len(request.query.get("dateTo", "")) == len("2026-01-31"):  # a date without a time: to the end of that day
        end += DAY
    start = request.moment("dateFrom") or end - DEFAULT_DAYS * DAY
    if start > end:
        raise ApiError(400, "dateFrom: must not be after dateTo")
    return Period(start, end)


def _day(request: Request) -> Period:
    try:
        return Period.of_day(request.query.get("date", ""))
    except ValueError:
        raise ApiError(400, "date: Required, as YYYY-MM-DD") from None


def _calls(store: Store, request: Request, period: Period) -> list[Body]:
    wanted = {"agentId": "agentId", "campaignId": "campaignId", "callType": "type", "callStatus": "status"}
    given = {field: request.query[name] for name, field in wanted.items() if request.query.get(name)}
    return [
        call
        for call in current_calls(store)
        if period.contains(call) and all(call.get(field) == value for field, value in given.items())
    ]


# -- lists and single calls


def list_calls(store: Store, request: Request) -> Answer:
    """Newest first; of all times unless a period is asked for."""
    is_open = not request.query.get("dateFrom")
    period = _period(store, request)
    calls = _calls(store, request, Period(datetime.min.replace(tzinfo=UTC), period.end) if is_open else period)[::-1]
    page, limit = request.whole("page", 1), request.whole("limit", 20, most=100)
    shown = [_show_call(store, call, request) for call in calls[(page - 1) * limit : page * limit]]
    counted = {"totalCalls": len(calls), "totalPages": -(-len(calls) // limit), "currentPage": page, "limit": limit}
    return succeeded({"calls": shown, **counted})


def _show_call(store: Store, call: Body, request: Request) -> Body:
    agent = store.database.get("agent", call["agentId"]) or {}
    has_recording = call["type"] != "chat" and store.has_recording(call["callId"])
    return {
        "orgId": ORGANIZATION_ID,
        "callId": call["callId"],
        "agentId": call["agentId"],
        "agentName": agent.get("name", ""),
        "campaignId": call.get("campaignId"),
        "campaignName": None,
        "callType": call["type"],
        "timestamp": call["createdAt"],
        "callDurationMs": figures.duration_ms(call),
        "callLatencyMs": (call.get("turnLatencyMetrics") or {}).get("avgLatency", 0),
        "costSpent": call.get("callCost") or 0,
        "disconnectionReason": call.get("disconnectionReason") or "-",
        "source": "api",
        "recordingUrl": recording_url(request, call["callId"], stereo=False) if has_recording else None,
        "callStatus": call["status"],
        "fromNumber": call.get("from"),
        "toNumber": call.get("to"),
    }


def get_call(store: Store, request: Request) -> Answer:
    """One call. Its transcript's lines have their words as `text`, where call records have `content`."""
    call = store.call(request.params["call_id"])
    if call is None:
        return Answer(404, {"success": False, "error": "Conversation not found"})
    agent = store.database.get("agent", call["agentId"]) or {}
    lines = [
        {"role": line["role"], "text": line["content"], "timestamp": line.get("timestamp")}
        for line in call["transcript"]
    ]
    events = [
        {"eventType": event["event_type"], "timestamp": event["timestamp"]}
        for event in store.call_events(call["callId"])
    ]
    return succeeded(
        {
            "orgId": ORGANIZATION_ID,
            "callId": call["callId"],
            "agentName": agent.get("name", ""),
            "workflowType": agent.get("workflowType", "single_prompt"),
            "transcript": lines,
            "events": events,
            "fromNumber": call.get("from"),
            "toNumber": call.get("to"),
            "callDurationMs": figures.duration_ms(call),
        }
    )


# -- figures of a period

Figures: TypeAlias = Callable[[Store, Request, Period], Body]


def _counted(count: Callable[[list[Body], Period], Body]) -> Figures:
    """The figures that `count` makes of the calls that a request asks for."""
    return lambda store, request, period: count(_calls(store, request, period), period)


def _summary(store: Store, request: Request, period: Period) -> Body:
    before = period.before()
    counted = figures.summary(_calls(store, request, period), _calls(store, request, before))
    return {**counted, "previousPeriod": before.to_dict()}


def _agents(store: Store, request: Request, period: Period) -> Body:
    by_agent = figures.grouped(_calls(store, request, period), lambda call: call["agentId"])
    rows = [
        {
            "agentId": agent_id,
            **figures.pickup(calls),
            "avgDuration": figures.durations(calls)["avgDurationMs"] / 1000,
            "totalCost": figures.cost(calls),
        }
        for agent_id, calls in by_agent.items()
    ]
    key = request.query.get("sortBy", "totalCalls")
    key = key if rows and key in rows[0] else "totalCalls"
    rows.sort(key=lambda row: row[key], reverse=request.query.get("sortOrder", "desc") != "asc")
    return {"agents": rows[: request.whole("limit", 50, most=500)]}


def get_dashboard(store: Store, request: Request) -> Answer:
    """The figures of six other operations in one answer."""
    period = _period(store, request)
    parts = {name: _PERIODS[path][0](store, request, period) for name, path in _DASHBOARD.items()}
    return succeeded({name: _with_frame(part, period) for name, part in parts.items()})


def _with_frame(figures: Body, period: Period) -> Body:
    """The figures with the organization and the period that every answer about a period has."""
    return {"orgId": ORGANIZATION_ID, **figures, "period": period.to_dict()}


def list_days(store: Store, request: Request) -> Answer:
    by_day = figures.grouped(_calls(store, request, _period(store, request)), figures.day_of)
    days = [{"day": day, "count": len(calls)} for day, calls in sorted(by_day.items())]
    return succeeded({"orgId": ORGANIZATION_ID, "callCountsByDay": days})


def get_credit_usage(store: Store, request: Request) -> Answer:
    """What the calls cost, by day: nothing here, as the emulator charges nothing."""
    period = _period(store, request)
    by_day = figures.grouped(_calls(store, request, period), figures.day_of)
    days = [{"date": day, "credits": figures.cost(by_day.get(day, []))} for day in period.days()]
    total = figures.cost(call for calls in by_day.values() for call in calls)
    return succeeded({"dateRange": period.to_dict(), "dayWiseCredits": days, "totalCredits": total})


# -- figures of a day


def get_concurrency(store: Store, request: Request) -> Answer:
    day = _day(request)
    calls = _calls(store, request, day)
    counted = {"date": request.query["date"], **figures.concurrency(calls, day)}
    if request.query.get("includeAgents") == "true":
        counted["byAgent"] = []
        for agent_id, each in figures.grouped(calls, lambda call: call["agentId"]).items():
            own = figures.concurrency(each, day)
            own = {name: own[name] for name in ("peakConcurrent", "avgConcurrent")}
            counted["byAgent"].append({"agentId": agent_id, **own, "totalCalls": len(each)})
    return succeeded(counted)


def get_call_starts(store: Store, request: Request) -> Answer:
    calls = _calls(store, request, _day(request))
    by_minute = figures.grouped(calls, figures.minute_of)
    points = [{"minute": minute, "callCount": len(each)} for minute, each in sorted(by_minute.items())]
    return succeeded({"date": request.query["date"], "dataPoints": points, "totalCalls": len(calls)})


def get_daily_summary(store: Store, request: Request) -> Answer:
    calls = _calls(store, request, _day(request))
    ended = figures.outcomes(calls)
    return succeeded(
        {
            "date": request.query["date"],
            **figures.pickup(calls),
            "unansweredCalls": ended["noAnswer"],
            "failedCalls": ended["failed"],
            "inProgressCalls": sum(call["status"] in ("active", "in_progress", "processing") for call in calls),
            "inQueueCalls": sum(call["status"] in ("in_queue", "pending") for call in calls),
            "totalDurationMs": figures.durations(calls)["totalDurationMs"],
        }
    )


# -- shapes and routes


def _all(properties: dict[str, Schema]) -> Schema:
    return obj(properties, required=tuple(properties))


_PERIOD = _all({"from": TEXT, "to": TEXT})
_TREND = _all({"current": NUMBER, "previous": NUMBER, "percentChange": NUMBER})
_PICKUP: dict[str, Schema] = {"totalCalls": COUNT, "answeredCalls": COUNT, "pickupRate": NUMBER}
_OUTCOMES: dict[str, Schema] = dict.fromkeys(("answered", "noAnswer", "failed", "cancelled", "total"), COUNT)
_LENGTHS: dict[str, Schema] = dict.fromkeys(
    (
        *("avgDurationMs", "medianDurationMs", "p90DurationMs", "p95DurationMs"),
        *("shortCallsPercent", "longCallsPercent", "totalDurationMs"),
    ),
    NUMBER,
)
_TRENDS = ("totalCalls", "pickupRate", "avgDurationMs", "totalDurationMs", "uniqueUsersReached", "totalCost")
_SUMMARY: dict[str, Schema] = {
    **dict.fromkeys(_TRENDS, _TREND),
    "medianDurationMs": NUMBER,
    "previousPeriod": _PERIOD,
}
_VOLUME = {
    "date": TEXT,
    "totalDurationMs": NUMBER,
    **dict.fromkeys(("totalCalls", "answeredCalls", "noAnswerCalls", "failedCalls", "cancelledCalls"), COUNT),
}
_WEEK = {
    "weekStart": TEXT,
    **_PICKUP,
    **dict.fromkeys(("avgDuration", "medianDuration", "p90Duration", "shortCallsPercent", "longCallsPercent"), NUMBER),
}
_HOUR = {"hour": COUNT, **_PICKUP, "totalDurationMs": NUMBER, "avgDurationMs": NUMBER}
_ATTEMPT = {
    "attemptNumber": COUNT,
    "cumulativeAnswered": COUNT,
    "cumulativeRate": NUMBER,
    "marginalGain": NUMBER,
    **_PICKUP,
}
_CALL = {
    "orgId": ID,
    "callId": CALL_ID,
    "agentId": ID,
    "agentName": TEXT,
    "callType": one_of(*TYPES),
    "timestamp": TEXT,
    "callDurationMs": NUMBER,
    "callLatencyMs": NUMBER,
    "costSpent": NUMBER,
    "disconnectionReason": TEXT,
    "source": TEXT,
    "callStatus": TEXT,
    **dict.fromkeys(("campaignId", "campaignName", "recordingUrl", "fromNumber", "toNumber"), maybe(TEXT)),
}
_DETAILS = {
    "orgId": ID,
    "callId": CALL_ID,
    "agentName": TEXT,
    "workflowType": TEXT,
    "callDurationMs": NUMBER,
    "transcript": array(_all({"role": one_of("agent", "user"), "text": TEXT, "timestamp": maybe(TEXT)})),
    "events": array(_all({"eventType": TEXT, "timestamp": TEXT})),
    **dict.fromkeys(("fromNumber", "toNumber"), maybe(TEXT)),
}
_FILTERS: dict[str, Schema] = {
    "agentId": TEXT,
    "campaignId": TEXT,
    "callType": one_of(*TYPES),
    "dateFrom": TEXT,
    "dateTo": TEXT,
}
_DAY_QUERY: dict[str, Schema] = {"date": TEXT, "agentId": TEXT}
_FAILURE = obj({"success": one_of(False), "error": TEXT}, required=("success", "error"))

# name in the path -> (its figures, summary, shape of what it adds to organization and period)
_PERIODS: dict[str, tuple[Figures, str, dict[str, Schema]]] = {
    "summary": (_summary, "Key figures and their change", _SUMMARY),
    "call-volume-timeseries": (_counted(figures.volume_by_day), "Calls by day", {"dataPoints": array(_all(_VOLUME))}),
    "pickup-rate-by-number": (
        _counted(figures.pickup_by_number),
        "Pickup rate by the account's number",
        {"numbers": array(_all({"phoneNumber": TEXT, **_PICKUP, "lastActiveDate": TEXT}))},
    ),
    "phone-number-trends": (
        _counted(figures.trends_by_number),
        "Pickup rate by number and day",
        {"trends": array(_all({"phoneNumber": TEXT, "dataPoints": array(_all({"date": TEXT, **_PICKUP}))}))},
    ),
    "hourly-performance": (_counted(figures.by_hour_of_day), "Calls by hour of the day", {"hours": array(_all(_HOUR))}),
    "call-outcomes-timeseries": (
        _counted(figures.outcomes_by_day),
        "How calls ended, by day",
        {"dataPoints": array(_all({"date": TEXT, **_OUTCOMES})), "totals": _all(_OUTCOMES)},
    ),
    "duration-stats": (_counted(figures.duration_stats), "How long calls were", {**_LENGTHS, "totalCalls": COUNT}),
    "weekly-trends": (_counted(figures.by_week), "Calls by week", {"weeks": array(_all(_WEEK))}),
    "agent-performance": (
        _agents,
        "Calls by agent",
        {"agents": array(_all({"agentId": ID, **_PICKUP, "avgDuration": NUMBER, "totalCost": NUMBER}))},
    ),
    "attempt-cohort": (
        _counted(figures.cohorts),
        "What each more attempt brings",
        {
            "cohorts": array(_all(_ATTEMPT)),
            "totalUniqueNumbers": COUNT,
            "maxAttemptsSeen": COUNT,
            "avgAttemptsToPickup": NUMBER,
        },
    ),
}


# part of the dashboard -> the operation that answers it alone
_DASHBOARD = {
    "summary": "summary",
    "callVolumeTimeseries": "call-volume-timeseries",
    "callOutcomesTimeseries": "call-outcomes-timeseries",
    "pickupRateByNumber": "pickup-rate-by-number",
    "hourlyPerformance": "hourly-performance",
    "durationStats": "duration-stats",
}


def _handler(name: str, figures_of: Figures) -> Any:
    def answer_period(store: Store, request: Request) -> Answer:
        period = _period(store, request)
        return succeeded(_with_frame(figures_of(store, request, period), period))

    answer_period.__name__ = name.replace("-", "_")  # the OpenAPI document's operation ids are made of it
    return answer_period


def _with_period(properties: dict[str, Schema]) -> Schema:
    return _all({"orgId": ID, **properties, "period": _PERIOD})


def _get(name: str, handler: Any, summary: str, shape: Schema, query: dict[str, Schema]) -> Route:
    return Route("GET", f"/atoms/v1/analytics/{name}", handler, summary, {200: success(shape)}, query=query)


ROUTES = (
    _get(
        "call-counts-log",
        list_calls,
        "List calls as the log of the console does",
        _all(
            {"calls": array(_all(_CALL)), **dict.fromkeys(("totalCalls", "totalPages", "currentPage", "limit"), COUNT)}
        ),
        {**_FILTERS, "callStatus": TEXT, "page": COUNT, "limit": COUNT},
    ),
    _get(
        "call-counts-by-day",
        list_days,
        "Count calls by day",
        _all({"orgId": ID, "callCountsByDay": array(_all({"day": TEXT, "count": COUNT}))}),
        _FILTERS,
    ),
    Route(
        "GET",
        "/atoms/v1/analytics/conversation-details/{call_id}",
        get_call,
        "Read one call with its transcript and events",
        {200: success(_all(_DETAILS)), 404: _FAILURE},
        refuses=(),
    ),
    _get(
        "usage/timeseries",
        get_credit_usage,
        "Credits used by day",
        _all(
            {
                "dateRange": _PERIOD,
                "dayWiseCredits": array(_all({"date": TEXT, "credits": NUMBER})),
                "totalCredits": NUMBER,
            }
        ),
        {"dateFrom": TEXT, "dateTo": TEXT},
    ),
    _get(
        "dashboard",
        get_dashboard,
        "The figures of the console's dashboard in one",
        _all({name: _with_period(_PERIODS[path][2]) for name, path in _DASHBOARD.items()}),
        _FILTERS,
    ),
    *(
        _get(name, _handler(name, part), text, _with_period(shape), _FILTERS)
        for name, (part, text, shape) in _PERIODS.items()
    ),
    _get(
        "concurrency",
        get_concurrency,
        "Calls at the same time, by minute of a day",
        obj(
            {
                "date": TEXT,
                "peakConcurrent": COUNT,
                "avgConcurrent": NUMBER,
                "totalMinutes": COUNT,
                "dataPoints": array(_all({"minute": TEXT, "concurrentCalls": COUNT})),
                "byAgent": array(
                    _all({"agentId": ID, "peakConcurrent": COUNT, "avgConcurrent": NUMBER, "totalCalls": COUNT})
                ),
            },
            required=("date", "dataPoints", "peakConcurrent", "avgConcurrent", "totalMinutes"),
        ),
        {**_DAY_QUERY, "includeAgents": one_of("true", "false")},
    ),
    _get(
        "call-start-distribution",
        get_call_starts,
        "When the calls of a day began",
        _all(
            {
                "date": TEXT,
                "dataPoints": array(_all({"minute": TEXT, "callCount": COUNT})),
                "totalCalls": COUNT,
            }
        ),
        _DAY_QUERY,
    ),
    _get(
        "daily-call-summary",
        get_daily_summary,
        "The key figures of a day",
        _all(
            {
                "date": TEXT,
                **_PICKUP,
                "totalDurationMs": NUMBER,
                **dict.fromkeys(("unansweredCalls", "failedCalls", "inProgressCalls", "inQueueCalls"), COUNT),
            }
        ),
        _DAY_QUERY,
    ),
)
