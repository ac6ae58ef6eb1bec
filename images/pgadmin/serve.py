"""Registers the lab's servers, once, and serves pgAdmin: one start of Python where pgAdmin's own programs take two."""

import os
import sys

import config

config.DEFAULT_SERVER = "0.0.0.0"
config.DEFAULT_SERVER_PORT = int(sys.argv[1])

import pgAdmin4
from pgadmin.utils import load_database_servers

registered = os.path.join(config.DATA_DIR, "lab-registered")
# After `docker restart` they are there, and whatever somebody changed about them stays.
if not os.path.exists(registered):
    with pgAdmin4.app.test_request_context():
        file = os.environ["PGADMIN_SERVER_JSON_FILE"]
        done, said = load_database_servers(file, None, config.DESKTOP_USER, True)
    if not done:
        sys.exit(f"the servers of the lab could not be registered: {said}")
    open(registered, "w").close()

pgAdmin4.main()
