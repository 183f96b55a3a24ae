"""The vendor's MCP server for Node in a process of its own, unchanged but for the base URL, over its pipes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

PACKAGE = Path("@developer-smallestai", "smallest-mcp-server")
PRODUCTION = "https://api.smallest.ai"


class McpServer:
    """A running server. `call` uses one of its tools and returns the text that an assistant would read."""

    def __init__(self, modules: Path, folder: Path, base_url: str, key: str = "sk_vendor") -> None:
        """`modules` is the `node_modules` that has the package; the changed copy of it is put into `folder`."""
        source = (modules / PACKAGE / "dist" / "index.js").read_text()
        assert PRODUCTION in source
        (folder / "node_modules").symlink_to(modules)
        script = folder / "server.mjs"
        script.write_text(source.replace(PRODUCTION, base_url))
        node = shutil.which("node")
        assert node is not None
        self._process = subprocess.Popen(
            [node, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "ATOMS_API_KEY": key, "NO_PROXY": "*"},
        )
        self._ids = count(1)
        client = {"name": "tests", "version": "1"}
        self._ask("initialize", protocolVersion="2024-11-05", capabilities={}, clientInfo=client)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self) -> McpServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def tools(self) -> list[dict[str, Any]]:
        return list(self._ask("tools/list")["tools"])

    def call(self, tool: str, **arguments: Any) -> str:
        return str(self._ask("tools/call", name=tool, arguments=arguments)["content"][0]["text"])

    def read(self, tool: str, **arguments: Any) -> Any:
        """The tool's answer, read as JSON. Fails with the text where it isn't JSON: then the tool reports an error."""
        text = self.call(tool, **arguments)
        try:
            return json.loads(text)
        except ValueError:
            raise AssertionError(f"{tool}: {text}") from None

    def _ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._ids)
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            if answer.get("id") == number:
                assert "result" in answer, answer
                return answer["result"]
        raise AssertionError(f"the server ended during {method}")

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
