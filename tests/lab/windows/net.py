# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program net of a simulated host: start and stop, which wait until the service really runs or has stopped."""

from __future__ import annotations

from .services import ServiceError, Services

SUCCESS = 0
FAILURE = 2


def net(services: Services, arguments: str) -> tuple[int, str]:
    """Run a command line without the program's name; return the exit code and the output."""
    verb, _space, name = arguments.partition(" ")
    action = {"start": services.start, "stop": services.stop}.get(verb.casefold())
    if action is None:
        return FAILURE, "The syntax of this command is:\r\n"
    try:
        action(name)
    except ServiceError as failure:
        return FAILURE, f"System error {failure.code.value} has occurred.\r\n"
    return SUCCESS, f"The {name} service was {'started' if verb.casefold() == 'start' else 'stopped'} successfully.\r\n"
