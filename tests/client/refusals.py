# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon refuses: libvirt's code and the sentence."""

import contextlib

import libvirt
import pytest


@contextlib.contextmanager
def refused(code, *fragments):
    """The block's error has this code, and its text has these fragments."""
    with pytest.raises(libvirt.libvirtError) as error:
        yield
    assert error.value.get_error_code() == code, f"code {error.value.get_error_code()}: {error.value}"
    for fragment in fragments:
        assert fragment in str(error.value), f"'{fragment}' not in: {error.value}"


def code_of(call, *arguments):
    """The code and the text of the error that the call ends with."""
    with pytest.raises(libvirt.libvirtError) as error:
        call(*arguments)
    return error.value.get_error_code(), str(error.value)
