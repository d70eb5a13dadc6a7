# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay from the severity topics to Google Chat: a pure core, and the AWS Lambda functions around it.

It runs in two places: here, where it is tested and packaged, and as the package ``kumawatch._relay`` in a Lambda. So it
imports the standard library and, at its edges only, boto3.
"""

from __future__ import annotations
