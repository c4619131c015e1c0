//! How does an address get into a phone without being typed?

use qrcode::{
    EcLevel, QrCode,
    render::{svg, unicode},
};

/// A picture, black on white with its quiet zone, also where the page is dark: cameras want it so.
pub fn svg(text: &str) -> String {
    let code = code(text);
    code.map_or_else(String::new, |code| {
        code.render::<svg::Color<'_>>().min_dimensions(240, 240).quiet_zone(true).build()
    })
}

/// For a terminal, two rows of squares to a line. Light on dark or dark on light, both can be read.
pub fn terminal(text: &str) -> String {
    code(text).map_or_else(String::new, |code| {
        code.render::<unicode::Dense1x2>()
            .dark_color(unicode::Dense1x2::Light)
            .light_color(unicode::Dense1x2::Dark)
            .quiet_zone(true)
            .build()
    })
}

/// Nothing where the text is too long for any code, which no address is.
fn code(text: &str) -> Option<QrCode> {
    QrCode::with_error_correction_level(text, EcLevel::M).ok()
}
