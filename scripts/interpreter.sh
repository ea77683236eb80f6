#!/bin/sh
# Which Python the environment is made of. One built from source without --enable-optimizations (a version manager's usual build)
# runs up to a quarter slower than a distribution's, so where `python3` is such a one and the system's own will do, that is taken.
# PYTHON=/path make … decides otherwise. Always prints a name, so that what is missing is said by whoever uses it.
fit='
import sys, sysconfig, ensurepip, venv
quick = sys.base_prefix == "/usr" or "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
sys.exit(sys.version_info < (3, 11) or not quick)'
for python in python3 "${SYSTEM_PYTHON:-/usr/bin/python3}"; do
  if "$python" -c "$fit" 2>/dev/null; then
    echo "$python"
    exit
  fi
done
echo python3
