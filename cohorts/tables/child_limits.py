"""cohorts.tables: what the child process that reads a table may use."""

import resource


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Limit this process: memory, processor time, and no file at all is written."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
