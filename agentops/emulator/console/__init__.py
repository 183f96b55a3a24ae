"""The web console: agents, versions, drafts, calls and requests as pages, and a page to talk to an agent.

Pages are made on the server and only read; the page to talk opens a session like any other client.
"""
