"""The runner: loads once, forks the processes of the portal, and keeps them going (`manage.py up`)."""
