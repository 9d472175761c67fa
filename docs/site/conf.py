# Copyright: (c) 2026, the rras.ipsec developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the site: the guides as they are in the repository, and what antsibull-docs makes of the plugins."""

from __future__ import annotations

project = "rras.ipsec"
copyright = "2026, the rras.ipsec developers"  # noqa: A001 (Sphinx calls it so)
html_title = "rras.ipsec"
extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_theme_options = {"vcs_pageview_mode": "blob"}

# Guides are linked as on a forge: by file and heading.
myst_heading_anchors = 4
pygments_style = "ansible"
highlight_language = "YAML+Jinja"

# Nothing is fetched: tools/website.py writes the inventory.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest", "ansible.inv")}
