# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daily error report: a Lambda function that reads a day of logs and posts one card.

It travels in one zip with the relay's modules, whose secret, pace and table it shares, so that what holds for those
holds here: the standard library and boto3 only, and relative imports. :mod:`.handlers` and :mod:`.insights` touch AWS,
the rest decides.
"""
