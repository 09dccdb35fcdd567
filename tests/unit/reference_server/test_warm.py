"""
What servers are forked from has everything that a server imports.
"""

import subprocess
import sys

PROGRAM = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from reference_server.__main__ import DIALECTS
from reference_server.nursery import warm
warm()
before = set(sys.modules)
from reference_server.application import application
from reference_server.assembly import Settings
for dialect in DIALECTS:
    with TemporaryDirectory() as folder:
        _, database = application([dialect], f"sqlite:///{Path(folder, 'a.db')}", Settings("http://127.0.0.1:9/v1"))
        database.create()
        database.close()
print(*sorted(set(sys.modules) - before - {"env"}))
"""


def test_a_warm_process_makes_servers_without_another_import():
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert told.stdout.split() == []
