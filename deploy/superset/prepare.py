"""Bring Superset's metadata to its release: tables, roles, and the first administrator.

Run by `deploy/superset/start`; again changes nothing.
"""

import os

from flask_migrate import upgrade
from superset.app import create_app
from superset_config import secret

app = create_app()
with app.app_context():
    from superset import appbuilder, security_manager
    from superset.extensions import db

    upgrade()
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    name = os.environ.get("SUPERSET_ADMIN", "admin")
    if security_manager.find_user(name) is None:
        password = secret("superset_admin_password")
        if not password:
            raise SystemExit("superset_admin_password is missing: see deploy/superset/start")
        role = security_manager.find_role("Admin")
        made = security_manager.add_user(name, "Shop", "Admin", f"{name}@localhost", role, password)
        if not made:
            raise SystemExit(f"the administrator {name} could not be made: see the log above")
    db.session.commit()
