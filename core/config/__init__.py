"""Configuration as code: what people set up as one YAML file, compared with the portal and brought in by commands."""
