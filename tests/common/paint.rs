//! Paints what the window's toolkit hands to a graphics card, without one: triangles over a picture in
//! memory. Small and exact rather than fast; pictures are kept in 16 shades of grey.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::path::Path;

use eframe::egui::epaint::{ClippedPrimitive, ColorImage, ImageData, Mesh, Primitive};
use eframe::egui::{Pos2, TextureId, TexturesDelta};

/// A picture in grey: 0 black, 15 white.
#[derive(Clone, PartialEq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub shades: Vec<u8>,
}

/// The textures of a window.
#[derive(Default)]
pub struct Painter {
    textures: HashMap<TextureId, ColorImage>,
}

impl Painter {
    /// Takes over what is new of the textures.
    pub fn take(&mut self, mut delta: TexturesDelta) {
        let all = std::mem::take(&mut delta.set).into_iter();
        for (id, new) in all.flat_map(|(id, news)| news.into_iter().map(move |new| (id, new))) {
            let ImageData::Color(image) = new.image;
            match (new.pos, self.textures.get_mut(&id)) {
                (Some([x, y]), Some(whole)) => {
                    for row in 0..image.size[1] {
                        let from = row * image.size[0];
                        let to = (y + row) * whole.size[0] + x;
                        whole.pixels[to..to + image.size[0]]
                            .copy_from_slice(&image.pixels[from..from + image.size[0]]);
                    }
                }
                _ => {
                    self.textures.insert(id, (*image).clone());
                }
            }
        }
        for id in std::mem::take(&mut delta.free) {
            self.textures.remove(&id);
        }
    }

    /// Paints a frame of one pixel a point, then makes it `shrink` times smaller.
    pub fn paint(&self, shapes: &[ClippedPrimitive], size: [usize; 2], shrink: usize) -> Picture {
        let [width, height] = size;
        let mut pixels = vec![[0.0f32; 3]; width * height];
        for shape in shapes {
            let clip = shape.clip_rect;
            let bounds = [
                clip.left().round().max(0.0) as usize,
                clip.top().round().max(0.0) as usize,
                (clip.right().round().max(0.0) as usize).min(width),
                (clip.bottom().round().max(0.0) as usize).min(height),
            ];
            if let Primitive::Mesh(mesh) = &shape.primitive
                && let Some(texture) = self.textures.get(&mesh.texture_id)
            {
                for triangle in mesh.indices.chunks_exact(3) {
                    fill(&mut pixels, width, bounds, mesh, triangle, texture);
                }
            }
        }
        let (w, h) = (width / shrink, height / shrink);
        let mut shades = Vec::with_capacity(w * h);
        for y in 0..h {
            for x in 0..w {
                let mut sum = 0.0;
                for (dx, dy) in (0..shrink * shrink).map(|at| (at % shrink, at / shrink)) {
                    let [r, g, b] = pixels[(y * shrink + dy) * width + x * shrink + dx];
                    sum += 0.299 * r + 0.587 * g + 0.114 * b;
                }
                let shade = sum / (shrink * shrink) as f32 * 15.0;
                shades.push(shade.round().clamp(0.0, 15.0) as u8);
            }
        }
        Picture {
            width: w,
            height: h,
            shades,
        }
    }
}

/// Twice the area of a triangle, positive where it runs with the clock on a screen.
fn area(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

fn fill(
    pixels: &mut [[f32; 3]],
    width: usize,
    [left, top, right, bottom]: [usize; 4],
    mesh: &Mesh,
    triangle: &[u32],
    texture: &ColorImage,
) {
    let mut v: Vec<_> = triangle
        .iter()
        .map(|at| mesh.vertices[*at as usize])
        .collect();
    let mut whole = area(v[0].pos, v[1].pos, v[2].pos);
    if whole == 0.0 {
        return;
    }
    if whole < 0.0 {
        v.swap(1, 2);
        whole = -whole;
    }
    let xs = v.iter().map(|v| v.pos.x);
    let ys = v.iter().map(|v| v.pos.y);
    let least = |values: &mut dyn Iterator<Item = f32>| values.fold(f32::MAX, f32::min);
    let most = |values: &mut dyn Iterator<Item = f32>| values.fold(f32::MIN, f32::max);
    let x_from = (least(&mut xs.clone()).floor().max(0.0) as usize).max(left);
    let x_to = (most(&mut xs.clone()).ceil().max(0.0) as usize).min(right);
    let y_from = (least(&mut ys.clone()).floor().max(0.0) as usize).max(top);
    let y_to = (most(&mut ys.clone()).ceil().max(0.0) as usize).min(bottom);
    // Of a pixel on the edge of two triangles only one is painted.
    let inside = |weight: f32, a: Pos2, b: Pos2| {
        weight > 0.0 || (weight == 0.0 && (b.y < a.y || (b.y == a.y && b.x > a.x)))
    };
    let colours: Vec<[f32; 4]> = v
        .iter()
        .map(|v| v.color.to_array().map(|c| f32::from(c) / 255.0))
        .collect();
    for y in y_from..y_to {
        for x in x_from..x_to {
            let at = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
            let w = [
                area(v[1].pos, v[2].pos, at),
                area(v[2].pos, v[0].pos, at),
                area(v[0].pos, v[1].pos, at),
            ];
            if !(inside(w[0], v[1].pos, v[2].pos)
                && inside(w[1], v[2].pos, v[0].pos)
                && inside(w[2], v[0].pos, v[1].pos))
            {
                continue;
            }
            let share = w.map(|w| w / whole);
            let mix = |of: &dyn Fn(usize) -> f32| (0..3).map(|i| share[i] * of(i)).sum::<f32>();
            let texel = |uv: f32, size: usize| {
                ((uv * size as f32).max(0.0) as usize).min(size.saturating_sub(1))
            };
            let tx = texel(mix(&|i| v[i].uv.x), texture.size[0]);
            let ty = texel(mix(&|i| v[i].uv.y), texture.size[1]);
            let sample = texture.pixels[ty * texture.size[0] + tx].to_array();
            let source: Vec<f32> = (0..4)
                .map(|c| mix(&|i| colours[i][c]) * f32::from(sample[c]) / 255.0)
                .collect();
            let pixel = &mut pixels[y * width + x];
            for (own, new) in pixel.iter_mut().zip(&source) {
                *own = new + *own * (1.0 - source[3]);
            }
        }
    }
}

impl Picture {
    /// Pixels of a hundred that are at least a quarter lighter or darker in the other.
    pub fn differs(&self, other: &Picture) -> f64 {
        if (self.width, self.height) != (other.width, other.height) {
            return 100.0;
        }
        let far = |(a, b): (&u8, &u8)| usize::from(a.abs_diff(*b) >= 4);
        let count: usize = self.shades.iter().zip(&other.shades).map(far).sum();
        count as f64 * 100.0 / self.shades.len().max(1) as f64
    }

    /// How many shades it has; one of a blank window is 1.
    pub fn shades(&self) -> usize {
        let mut seen = [false; 16];
        for shade in &self.shades {
            seen[usize::from(*shade)] = true;
        }
        seen.iter().filter(|s| **s).count()
    }

    /// Writes it as PNG, four bits a pixel.
    pub fn write(&self, path: &Path) {
        let mut rows = Vec::new();
        for row in self.shades.chunks(self.width) {
            rows.push(0u8); // no filter
            for pair in row.chunks(2) {
                rows.push(pair[0] << 4 | pair.get(1).copied().unwrap_or(0));
            }
        }
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&rows).unwrap();
        let mut png = SIGNATURE.to_vec();
        let mut head = Vec::new();
        head.extend((self.width as u32).to_be_bytes());
        head.extend((self.height as u32).to_be_bytes());
        head.extend(KIND);
        chunk(&mut png, *b"IHDR", &head);
        chunk(&mut png, *b"IDAT", &packed.finish().unwrap());
        chunk(&mut png, *b"IEND", &[]);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, png).unwrap();
    }

    /// Reads what [`Picture::write`] wrote; `None` where there is no file.
    pub fn read(path: &Path) -> Option<Picture> {
        let png = std::fs::read(path).ok()?;
        let wrong = || format!("not written by this test: {}", path.display());
        assert!(
            png.starts_with(&SIGNATURE) && png[24..29] == KIND,
            "{}",
            wrong()
        );
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        let (width, height) = (number(16), number(20));
        let mut rows = Vec::new();
        let packed = &png[41..41 + number(33)];
        flate2::read::ZlibDecoder::new(packed)
            .read_to_end(&mut rows)
            .unwrap();
        let length = 1 + width.div_ceil(2);
        assert_eq!(rows.len(), length * height, "{}", wrong());
        let mut shades = Vec::with_capacity(width * height);
        for row in rows.chunks(length) {
            assert_eq!(row[0], 0, "{}", wrong());
            let both = row[1..].iter().flat_map(|byte| [byte >> 4, byte & 15]);
            shades.extend(both.take(width));
        }
        Some(Picture {
            width,
            height,
            shades,
        })
    }
}

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Four bits, grey, the usual packing and filters, not interlaced.
const KIND: [u8; 5] = [4, 0, 0, 0, 0];

fn chunk(png: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    png.extend((body.len() as u32).to_be_bytes());
    let mut named = name.to_vec();
    named.extend(body);
    png.extend(&named);
    png.extend(crc32fast::hash(&named).to_be_bytes());
}
