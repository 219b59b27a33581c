// The script of pages.
