//! Cells of tables.

use pulldown_cmark::Alignment;

/// The columns of the current table.
#[derive(Default)]
pub struct Columns {
    alignments: Vec<Alignment>,
    next: usize,
    is_head: bool,
}

impl Columns {
    pub fn begin(&mut self, alignments: Vec<Alignment>) {
        self.alignments = alignments;
    }

    pub const fn begin_row(&mut self, is_head: bool) {
        self.next = 0;
        self.is_head = is_head;
    }

    /// Returns the tags of the next cell of the row. The alignment is a class, since pages allow no inline style.
    pub fn next_cell(&mut self) -> (&'static str, &'static str) {
        let alignment = self.alignments.get(self.next).copied().unwrap_or(Alignment::None);
        self.next += 1;
        match (self.is_head, alignment) {
            (true, Alignment::None) => ("<th>", "</th>"),
            (true, Alignment::Left) => ("<th class=\"left\">", "</th>"),
            (true, Alignment::Center) => ("<th class=\"center\">", "</th>"),
            (true, Alignment::Right) => ("<th class=\"right\">", "</th>"),
            (false, Alignment::None) => ("<td>", "</td>"),
            (false, Alignment::Left) => ("<td class=\"left\">", "</td>"),
            (false, Alignment::Center) => ("<td class=\"center\">", "</td>"),
            (false, Alignment::Right) => ("<td class=\"right\">", "</td>"),
        }
    }
}
