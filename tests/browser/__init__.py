"""Tests that look at the real site with Chromium. A package, so that its fixtures end with it."""
