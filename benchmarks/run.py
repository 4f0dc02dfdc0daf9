"""Run every benchmark and print its table; what `make bench` calls."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMANDS = (
    ["save_latency.py", "--header", "--database", "sqlite"],
    ["save_latency.py", "--database", "sqlite", "--think", "0"],
    ["save_latency.py", "--database", "postgresql"],
    ["save_latency.py", "--database", "postgresql", "--think", "0"],
    ["viewer_speed.py"],
    ["intake_speed.py"],
    ["intake_fuzz.py"],
    ["click_segmentation.py"],
    ["click_browser.py"],
    ["statistics_speed.py"],
    ["analysis_speed.py"],
    ["report_speed.py"],
    ["report_speed.py", "--nodes", "100000"],
    ["dualnet_speed.py", "--threads", "1"],
    ["dualnet_speed.py"],
    ["model_speed.py"],
    ["inference_kill.py"],
)

for name, *arguments in COMMANDS:
    print(f"\n$ python benchmarks/{name} {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, str(HERE / name), *arguments], check=True)
