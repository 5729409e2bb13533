"""Bytes on disks: pictures, animations, downloads, and files that are replaced whole or not at all."""
