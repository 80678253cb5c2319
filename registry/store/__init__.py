"""Rows, repositories, unit of work, read views, migrations, keys."""
