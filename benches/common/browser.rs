//! What does a browser send for a picture? Shared by what is measured and by what is counted.

/// Thirteen fields, without a cookie.
pub const BROWSER: &[(&str, &str)] = &[
    ("Host", "www.example.org"),
    ("Connection", "keep-alive"),
    ("sec-ch-ua", "\"Chromium\";v=\"116\", \"Not)A;Brand\";v=\"24\", \"Google Chrome\";v=\"116\""),
    ("sec-ch-ua-mobile", "?1"),
    (
        "User-Agent",
        "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Mobile Safari/537.36",
    ),
    ("sec-ch-ua-platform", "\"Android\""),
    ("Accept", "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Mode", "no-cors"),
    ("Sec-Fetch-Dest", "image"),
    ("Referer", "https://www.example.org/products/item?ref=home&campaign=1700000000123"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Accept-Language", "en-GB,en;q=0.9"),
];

/// About 600 bytes of what analytics leave behind.
pub const COOKIE: &str = "_ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000001; _fbp=fb.1.1700000000123.1234567890; \
    sid=5fa86fafe83e0b32f0f861ed5fa86fafe83e0b32; uid=6952339322284285401; OptanonConsent=isGABCMP=false&datestamp=Wed&version=6.17.0; \
    __cfduid=d9c6a4017e0404727f9b21e24332be5381468705106; s_vi=[CS]v1|2F8A1B2C0515A3D4-40000109C0003E2D[CE]; \
    ajs_anonymous_id=%22b6d5bbf3-6d16-930b-6c58-48faae67b99a%22; session=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl; \
    theme=dark; lang=en-GB; consent=1; last=1700000000; cart=9f8e7d6c5b4a3210; ab=variant-7; tz=Europe%2FLondon; v=2";
