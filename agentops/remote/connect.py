"""Opens an account: finds out by reading which versioning generation it has, and hands back the client for it."""

from __future__ import annotations

from agentops.clock import Clock
from agentops.document import Generation, Secret
from agentops.errors import ConflictError, NotFoundError, PlatformError
from agentops.net import Http, NetOptions, Transport, platform_origin
from agentops.remote.branches import Branches
from agentops.remote.drafts import Drafts
from agentops.remote.requests import API

_NO_AGENT = "0" * 24  # a well-formed id of no agent: enough to learn which routes exist


async def connect(
    base_url: str,
    api_key: Secret | None,
    *,
    generation: Generation | None = None,
    options: NetOptions | None = None,
    transport: Transport | None = None,
    clock: Clock | None = None,
) -> Branches | Drafts:
    """A writer for the account at `base_url` (with or without `/atoms/v1`), for the generation found or forced.

    Raises UnauthorizedError for a wrong key and UnavailableError where nothing answers.
    """
    http = Http(platform_origin(base_url), api_key=api_key, options=options, transport=transport, clock=clock)
    try:
        found = generation or await detect(http)
    except BaseException:
        await http.close()
        raise
    return Branches(http) if found is Generation.V2 else Drafts(http)


async def detect(http: Http) -> Generation:
    """Which generation the account has, from one read: only the branch model has a route for branches.

    An unknown route is answered with an HTML page, a missing agent with JSON (404, and in many places 400).
    """
    try:
        await http.request("GET", f"{API}/agent/{_NO_AGENT}/branches")
    except NotFoundError as missing:
        return Generation.V1 if missing.code == "no_such_route" else Generation.V2
    except ConflictError:
        return Generation.V2
    except PlatformError as error:
        if error.status == 400:
            return Generation.V2
        raise
    return Generation.V2
