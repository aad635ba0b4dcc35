"""The machinery that measures, keeps, checks and publishes the series; a module's first line says its purpose."""
