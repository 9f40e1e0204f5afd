"""Ports 80 and 443, without any login: challenges of ACME, MTA-STS policies, security.txt, and nothing else."""
