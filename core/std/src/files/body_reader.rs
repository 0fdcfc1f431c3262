use std::{
    io::{self, Read},
    sync::Arc,
    vec,
};

use teamwire_core::effect::{Body, FileError, Part, PartContent};

use super::UploadFile;

/// Reader of a request body: its parts, one after the other. Files are streamed. The errors of reading wrap a
/// [`FileError`].
///
/// It fails before the last byte of a file whose length has changed since it was measured, so that the request is never
/// completed.
#[derive(Debug)]
pub struct BodyReader {
    part: Option<PartReader>,
    /// The parts behind the current one.
    rest: vec::IntoIter<PartReader>,
}

#[derive(Debug)]
enum PartReader {
    Bytes { bytes: Arc<Vec<u8>>, used: usize },
    File(UploadFile),
}

impl BodyReader {
    /// Opens all files of this body, so that a file that cannot be read is an error before anything is sent.
    ///
    /// # Errors
    ///
    /// Fails if the operating system does, if a file is not a regular file, or if one was empty and is not any more.
    pub fn open(body: &Body) -> Result<Self, FileError> {
        let mut parts = body.parts().iter().map(PartReader::open);
        let part = parts.next().transpose()?;
        // A single part needs no memory here.
        let rest = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { part, rest: rest.into_iter() })
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(part) = &mut self.part {
            match part.read(buffer)? {
                0 => self.part = self.rest.next(),
                amount => return Ok(amount),
            }
        }
        Ok(0)
    }
}

impl PartReader {
    fn open(part: &Part) -> Result<Self, FileError> {
        match &part.content {
            PartContent::Bytes(bytes) => Ok(Self::Bytes { bytes: Arc::clone(bytes), used: 0 }),
            PartContent::File { path, length, may_grow } => UploadFile::open(path, *length, *may_grow).map(Self::File),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Bytes { bytes, used } => {
                let amount = (&bytes[*used..]).read(buffer)?;
                *used += amount;
                Ok(amount)
            }
            Self::File(file) => file.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use teamwire_core::effect::FileErrorKind;

    use super::*;

    #[test]
    fn parts_follow_each_other_whatever_the_buffer() {
        let folder = std::env::temp_dir().join(format!("teamwire-std-{}-parts", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        let file = |name: &str, content: &str| {
            let path = folder.join(name);
            fs::write(&path, content).expect("a file");
            Part::file(path.to_str().expect("a path in Unicode"), content.len() as u64)
        };
        let text = |text: &str| Part::bytes(text.as_bytes().to_vec());
        let all = [
            text(""),
            text("ab"),
            file("empty", ""),
            file("one", "c"),
            text(""),
            text("d"),
            file("more", "efghij"),
            text("k"),
            file("last", ""),
        ];
        for count in 0..=all.len() {
            let body: Body = all[..count].iter().cloned().collect();
            let length = usize::try_from(body.length()).expect("it is short");
            for size in 1..=12 {
                let mut reader = BodyReader::open(&body).expect("the files are there");
                let (mut read, mut buffer) = (Vec::new(), vec![0; size]);
                loop {
                    assert_eq!(reader.read(&mut []).expect("nothing is read"), 0);
                    match reader.read(&mut buffer).expect("the files are unchanged") {
                        0 => break,
                        amount => read.extend_from_slice(&buffer[..amount]),
                    }
                }
                assert_eq!(read, b"abcdefghijk"[..length], "{count} parts, {size} bytes at a time");
            }
        }
        fs::write(folder.join("more"), "efghi").expect("a file");
        let mut read = Vec::new();
        let result = BodyReader::open(&all.iter().cloned().collect()).expect("they are there").read_to_end(&mut read);
        let error = result.expect_err("a file is shorter").downcast::<FileError>().expect("it is the file's error");
        assert_eq!((error.kind, &*read), (FileErrorKind::Changed, b"abcdefghi".as_slice()));
        fs::remove_file(folder.join("last")).expect("it is there");
        let error = BodyReader::open(&all.into_iter().collect()).expect_err("a file is missing");
        assert_eq!(error.kind, FileErrorKind::NotFound);
        fs::remove_dir_all(folder).expect("it is there");
    }
}
