# SPDX-License-Identifier: Apache-2.0
"""Lets every test import test/lib/*.py and test/fault/harness.py by their plain names; fixtures."""

import os
import pathlib
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ('fault', 'lib'):
    sys.path.insert(0, os.path.join(HERE, folder))


@pytest.fixture
def open_path():
    """A folder like tmp_path that other users may enter.

    Every pytest that begins closes the folder above all tmp_path to others again, so opening that
    one lasts only until the next test process.
    """
    with tempfile.TemporaryDirectory(prefix='trucban-test-') as folder:
        os.chmod(folder, 0o711)
        yield pathlib.Path(folder)
