# SPDX-License-Identifier: Apache-2.0
"""Lets every test import test/lib/*.py and test/fault/harness.py by their plain names."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ('fault', 'lib'):
    sys.path.insert(0, os.path.join(HERE, folder))
