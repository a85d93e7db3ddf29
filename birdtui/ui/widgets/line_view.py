"""What widgets share that draw a window onto many lines, line by line."""

from __future__ import annotations

from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip


class LineView(ScrollView, inherit_bindings=False):
    """A ScrollView without borders and paddings, whose keys are its own: Textual's glide."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines as they are: Textual would look for borders and paddings around each, and there are none."""
        first, last = crop.column_span
        style, background = self.rich_style, self.background_colors[1]
        strips = [self.render_line(y).crop_extend(first, last, style) for y in crop.line_range]
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, background) for strip in strips]
        return strips
