//! Stored values as CBOR (RFC 8949): it describes itself, so that later releases can still read it.
//!
//! Called by whoever keeps a value in a row. Reading is `ciborium`'s. Writing is
//! our own for one reason: serde cannot tell a `Vec<u8>` from another list, and
//! `ciborium` writes each byte as a number of one or two bytes. Here a list of
//! bytes is a byte string: half as long, several times as fast, and as long as
//! the one before, so that SQLite overwrites only what changed. Both read.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::ser::{self, Serialize};
use zeroize::Zeroizing;

use super::StoreError;

/// Writes a value; the bytes are wiped after use.
pub(crate) fn encode(value: &(impl Serialize + ?Sized)) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    encode_into(value, 2 << 10)
}

/// The same, with room for so many bytes: what a growing list leaves behind is not wiped, and all the room is.
pub(crate) fn encode_into(value: &(impl Serialize + ?Sized), room: usize) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut writer = Writer { bytes: Zeroizing::new(Vec::with_capacity(room)), place: Place::Alone };
    value.serialize(&mut writer).map_err(|_| StoreError::Value)?;
    Ok(writer.bytes)
}

/// Reads what [`encode`] of this or an earlier release wrote.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    ciborium::from_reader(bytes).map_err(|_| StoreError::Value)
}

/// Major types (RFC 8949 §3.1).
const UNSIGNED: u8 = 0 << 5;
const NEGATIVE: u8 = 1 << 5;
const BYTES: u8 = 2 << 5;
const TEXT: u8 = 3 << 5;
const ARRAY: u8 = 4 << 5;
const MAP: u8 = 5 << 5;
/// Length that only the end tells (§3.2.1), and its end.
const OPEN: u8 = 31;
const BREAK: u8 = 0xff;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

/// Where the next value stands.
#[derive(Clone, Copy)]
enum Place {
    /// Not in a list.
    Alone,
    /// First in a list of so many whose kind is not known yet.
    First(usize),
    /// In a list of bytes.
    Byte,
}

struct Writer {
    bytes: Zeroizing<Vec<u8>>,
    place: Place,
}

/// The value has a form that nothing stored has: a fraction, or a number of over 64 bits.
#[derive(Debug)]
struct Unwritable;

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no form for a stored value")
    }
}

impl std::error::Error for Unwritable {}

impl ser::Error for Unwritable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Writer {
    /// Begins a value that is no byte; a list that it begins is a list of such values.
    fn begin(&mut self) -> Result<(), Unwritable> {
        match std::mem::replace(&mut self.place, Place::Alone) {
            Place::Alone => Ok(()),
            Place::First(length) => {
                self.head(ARRAY, length as u64);
                Ok(())
            }
            Place::Byte => Err(Unwritable),
        }
    }

    fn head(&mut self, major: u8, number: u64) {
        let bytes = &mut *self.bytes;
        match number {
            small @ 0..24 => bytes.push(major | small as u8),
            _ => {
                let all = number.to_be_bytes();
                // 1, 2, 4 or 8 bytes follow.
                let wide = (number > u64::from(u8::MAX)) as u8
                    + (number > u64::from(u16::MAX)) as u8
                    + (number > u64::from(u32::MAX)) as u8;
                bytes.push(major | (24 + wide));
                bytes.extend_from_slice(all.get(8 - (1 << wide)..).unwrap_or_default());
            }
        }
    }

    fn put(&mut self, major: u8, number: u64) -> Result<(), Unwritable> {
        self.begin()?;
        self.head(major, number);
        Ok(())
    }

    fn put_all(&mut self, major: u8, all: &[u8]) -> Result<(), Unwritable> {
        self.put(major, all.len() as u64)?;
        self.bytes.extend_from_slice(all);
        Ok(())
    }

    fn simple(&mut self, byte: u8) -> Result<(), Unwritable> {
        self.begin()?;
        self.bytes.push(byte);
        Ok(())
    }

    fn open(&mut self, major: u8, length: Option<usize>) -> Result<Inside<'_>, Unwritable> {
        match length {
            Some(length) => self.put(major, length as u64)?,
            None => self.simple(major | OPEN)?,
        }
        Ok(Inside { writer: self, place: Place::Alone, is_open: length.is_none() })
    }

    /// A variant with content is a map of one.
    fn variant(&mut self, name: &str) -> Result<(), Unwritable> {
        self.put(MAP, 1)?;
        self.put_all(TEXT, name.as_bytes())
    }
}

/// Inside a list or map.
struct Inside<'a> {
    writer: &'a mut Writer,
    place: Place,
    is_open: bool,
}

impl Inside<'_> {
    fn item(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Unwritable> {
        self.writer.place = self.place;
        value.serialize(&mut *self.writer)?;
        self.place = std::mem::replace(&mut self.writer.place, Place::Alone);
        Ok(())
    }

    fn close(self) -> Result<(), Unwritable> {
        if let Place::First(_) = self.place {
            self.writer.head(ARRAY, 0);
        }
        if self.is_open {
            self.writer.bytes.push(BREAK);
        }
        Ok(())
    }
}

impl<'a> ser::Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Inside<'a>;
    type SerializeTuple = Inside<'a>;
    type SerializeTupleStruct = Inside<'a>;
    type SerializeTupleVariant = Inside<'a>;
    type SerializeMap = Inside<'a>;
    type SerializeStruct = Inside<'a>;
    type SerializeStructVariant = Inside<'a>;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_u8(self, value: u8) -> Result<(), Unwritable> {
        match self.place {
            Place::Alone => self.head(UNSIGNED, value.into()),
            Place::First(length) => {
                self.head(BYTES, length as u64);
                self.bytes.push(value);
                self.place = Place::Byte;
            }
            Place::Byte => self.bytes.push(value),
        }
        Ok(())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Unwritable> {
        self.put(UNSIGNED, value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Unwritable> {
        self.put(UNSIGNED, value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Unwritable> {
        self.put(UNSIGNED, value)
    }

    fn serialize_i8(self, value: i8) -> Result<(), Unwritable> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Unwritable> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Unwritable> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unwritable> {
        // §3.1: major type 1 holds -1 - n.
        if value < 0 { self.put(NEGATIVE, !value.cast_unsigned()) } else { self.put(UNSIGNED, value.cast_unsigned()) }
    }

    fn serialize_f32(self, _: f32) -> Result<(), Unwritable> {
        Err(Unwritable)
    }

    fn serialize_f64(self, _: f64) -> Result<(), Unwritable> {
        Err(Unwritable)
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        self.simple(if value { TRUE } else { FALSE })
    }

    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        self.put_all(TEXT, value.encode_utf8(&mut [0; 4]).as_bytes())
    }

    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        self.put_all(TEXT, value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unwritable> {
        self.put_all(BYTES, value)
    }

    fn serialize_none(self) -> Result<(), Unwritable> {
        self.simple(NULL)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        // A list whose items may be missing is no list of bytes.
        self.begin()?;
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.simple(NULL)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritable> {
        self.simple(NULL)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unwritable> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unwritable> {
        // Nor is one of wrapped bytes: reading could not unwrap them.
        self.begin()?;
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        self.variant(variant)?;
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Inside<'a>, Unwritable> {
        let Some(length) = length else { return self.open(ARRAY, None) };
        self.begin()?;
        Ok(Inside { writer: self, place: Place::First(length), is_open: false })
    }

    fn serialize_tuple(self, length: usize) -> Result<Inside<'a>, Unwritable> {
        self.open(ARRAY, Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Inside<'a>, Unwritable> {
        self.open(ARRAY, Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Inside<'a>, Unwritable> {
        self.variant(variant)?;
        self.open(ARRAY, Some(length))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Inside<'a>, Unwritable> {
        self.open(MAP, length)
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Inside<'a>, Unwritable> {
        self.open(MAP, Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Inside<'a>, Unwritable> {
        self.variant(variant)?;
        self.open(MAP, Some(length))
    }
}

/// Lists, whatever serde calls them.
macro_rules! list {
    ($($kind:ident $item:ident),*) => {$(
        impl ser::$kind for Inside<'_> {
            type Ok = ();
            type Error = Unwritable;

            fn $item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
                self.item(value)
            }

            fn end(self) -> Result<(), Unwritable> {
                self.close()
            }
        }
    )*};
}

list!(SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field);

/// Structs: maps from the names of their fields.
macro_rules! fields {
    ($($kind:ident),*) => {$(
        impl ser::$kind for Inside<'_> {
            type Ok = ();
            type Error = Unwritable;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unwritable> {
                self.item(name)?;
                self.item(value)
            }

            fn end(self) -> Result<(), Unwritable> {
                self.close()
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Inside<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.item(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.item(value)
    }

    fn end(self) -> Result<(), Unwritable> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Unit,
        New(Box<Shape>),
        Pair(u8, Vec<u8>),
        Struct { bytes: Vec<u8>, gaps: Vec<Option<Vec<u8>>>, maybe: Vec<Option<u8>> },
        Numbers(Vec<u64>, i64, [u8; 4], (u8, u16)),
        Names(BTreeMap<u32, String>, char, bool, Option<()>),
        Lists(Vec<Vec<u8>>, Vec<(u8, u8)>, Vec<Shape>),
        Wrapped(Vec<Wrapped>),
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Wrapped(u8);

    fn shape() -> impl Strategy<Value = Shape> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..300);
        let leaf = prop_oneof![
            Just(Shape::Unit),
            (any::<u8>(), bytes()).prop_map(|(one, all)| Shape::Pair(one, all)),
            (bytes(), proptest::collection::vec(proptest::option::of(bytes()), 0..4), any::<Vec<Option<u8>>>())
                .prop_map(|(bytes, gaps, maybe)| Shape::Struct { bytes, gaps, maybe }),
            any::<Vec<u8>>().prop_map(|all| Shape::Wrapped(all.into_iter().map(Wrapped).collect())),
            (any::<Vec<u64>>(), any::<i64>(), any::<[u8; 4]>(), any::<(u8, u16)>())
                .prop_map(|(many, one, array, pair)| Shape::Numbers(many, one, array, pair)),
            (any::<BTreeMap<u32, String>>(), any::<char>(), any::<bool>())
                .prop_map(|(names, letter, yes)| Shape::Names(names, letter, yes, None)),
        ];
        leaf.prop_recursive(3, 16, 4, move |inner| {
            let many = proptest::collection::vec(inner.clone(), 0..4);
            prop_oneof![
                inner.prop_map(|one| Shape::New(Box::new(one))),
                (proptest::collection::vec(bytes(), 0..4), any::<Vec<(u8, u8)>>(), many)
                    .prop_map(|(lists, pairs, shapes)| Shape::Lists(lists, pairs, shapes)),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_and_so_does_what_ciborium_wrote(shape in shape()) {
            let bytes = encode(&shape).unwrap();
            prop_assert_eq!(&decode::<Shape>(&bytes).unwrap(), &shape);
            let mut before = Vec::new();
            ciborium::into_writer(&shape, &mut before).unwrap();
            prop_assert_eq!(&decode::<Shape>(&before).unwrap(), &shape);
            prop_assert!(bytes.len() <= before.len());
        }
    }

    #[test]
    fn a_list_of_bytes_is_a_byte_string_and_other_things_are_as_ever() {
        assert_eq!(*encode(&vec![255u8; 3]).unwrap(), [0x43, 255, 255, 255]);
        assert_eq!(*encode(&Vec::<u8>::new()).unwrap(), [0x80]);
        for number in [0u64, 23, 24, 255, 256, 65_535, 65_536, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX] {
            let mut before = Vec::new();
            ciborium::into_writer(&number, &mut before).unwrap();
            assert_eq!(*encode(&number).unwrap(), before);
        }
        assert!(encode(&1.5f64).is_err());
    }
}
