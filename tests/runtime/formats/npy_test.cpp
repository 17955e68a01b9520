#include "runtime/formats/npy.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tests/contains.h"
#include "tests/runtime/formats/npy_files.h"
#include "tests/runtime/formats/temporary_folder.h"

namespace psephos {
namespace {

using psephos::testing::contains;

// ---- written -----------------------------------------------------------------------------------

// Bytes 8 and 9: length of the dictionary, little-endian.
std::size_t header_bytes(const std::string& npy) {
  return 10u + static_cast<std::uint8_t>(npy[8]) + 256u * static_cast<std::uint8_t>(npy[9]);
}

TEST(Npy, OpensWithMagicAndVersionOne) {
  EXPECT_EQ(npy_bytes({}).substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
}

TEST(Npy, HoldsTheDictionaryThatNumpyWrites) {
  const std::vector<float> values(3);
  const std::string npy = npy_bytes(values);
  EXPECT_EQ(npy.substr(10, 58), "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } ");
  EXPECT_EQ(npy[header_bytes(npy) - 1], '\n');
}

TEST(Npy, ValuesStartAtAMultipleOf64WhateverTheCountsDigits) {
  for (const std::size_t count : {0u, 1u, 9u, 10u, 99u, 100u, 1000u, 10'000u, 100'000u}) {
    const std::vector<float> values(count, 1.0f);
    const std::string npy = npy_bytes(values);
    EXPECT_EQ(header_bytes(npy) % 64, 0u) << count;
    EXPECT_EQ(npy.size(), header_bytes(npy) + 4 * count) << count;
    const std::string shape = "'shape': (" + std::to_string(count) + ",), }";
    EXPECT_NE(npy.substr(0, header_bytes(npy)).find(shape), std::string::npos) << count;
  }
}

TEST(Npy, ValuesAreLittleEndianFloats) {
  const std::vector<float> values = {1.0f, -2.5f};
  const std::string npy = npy_bytes(values);
  const std::string expected("\x00\x00\x80\x3f\x00\x00\x20\xc0", 8);
  EXPECT_EQ(npy.substr(header_bytes(npy)), expected);
}

// ---- read --------------------------------------------------------------------------------------

Result<NpyHeader> parse(std::string_view file) {
  return parse_npy_header({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()},
                          file.size(), "x.npy");
}

std::string error_of(std::string_view file) {
  const Result<NpyHeader> header = parse(file);
  return header ? "no error" : header.error().text;
}

TEST(NpyHeader, TellsTypeShapeAndWhereTheValuesLie) {
  const Result<NpyHeader> header = parse(npy_file("<i2", "(2, 3, 1)", std::string(12, 'x')));
  ASSERT_TRUE(header.ok()) << header.error().text;
  EXPECT_EQ(header->type, "<i2");
  EXPECT_EQ(header->value_bytes, 2u);
  EXPECT_EQ(header->shape, (std::vector<std::uint64_t>{2, 3, 1}));
  EXPECT_EQ(header->values, 6u);
  EXPECT_EQ(header->data_bytes(), 12u);
  EXPECT_EQ(header->header_bytes, 128u);
}

TEST(NpyHeader, ReadsWhateverPythonWouldReadAlike) {
  for (const char* dictionary : {
           "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }",
           "{'shape': (2, 2), 'descr': '|u1', 'fortran_order': False}",
           "{\"shape\":(2,2,),\"fortran_order\":False,\"descr\":\"|u1\"}   \n",
           "  { 'descr' : '|u1' , 'fortran_order' : False , 'shape' : ( 2 , 2 ) , } ",
       }) {
    for (const int version : {1, 2}) {
      const Result<NpyHeader> header = parse(npy_envelope(dictionary, version) + "abcd");
      ASSERT_TRUE(header.ok()) << header.error().text;
      EXPECT_EQ(header->values, 4u);
    }
  }
}

TEST(NpyHeader, TakesOneNumberAndArraysWithoutValues) {
  EXPECT_EQ(parse(npy_file("|u1", "()", "a"))->values, 1u);
  EXPECT_EQ(parse(npy_file("|u1", "(0,)", ""))->values, 0u);
  // Nothing, whatever the other dimensions are.
  const std::string huge = "(18446744073709551615, 18446744073709551615, 0)";
  EXPECT_EQ(parse(npy_file("<f8", huge, ""))->values, 0u);
}

TEST(NpyHeader, RefusesAShapeThatTheFileCannotHold) {
  for (const char* shape :
       {"(4294967296, 4294967296)", "(1000000, 1000000)", "(3, 2)", "(18446744073709551615,)",
        "(2, 9223372036854775808)", "(4611686018427387904, 4)"}) {
    const std::string error = error_of(npy_file("<f4", shape, "12345678"));
    EXPECT_TRUE(contains(error, "x.npy: its header promises an array of shape " +
                                    std::string(shape) +
                                    " and type '<f4', but only 8 bytes follow"))
        << error;
    EXPECT_TRUE(contains(error, "save it again")) << error;
  }
}

TEST(NpyHeader, RefusesBytesBeyondTheArray) {
  EXPECT_TRUE(contains(error_of(npy_file("<f4", "(1,)", "12345")), "is 4 bytes, but 5 follow"));
  EXPECT_TRUE(contains(error_of(npy_file("<f4", "(0,)", "1234")), "is 0 bytes, but 4 follow"));
}

TEST(NpyHeader, RefusesAFileThatIsCutShortAnywhere) {
  const std::string whole = npy_file("<f4", "(2,)", "12345678");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string error = error_of(std::string_view(whole).substr(0, size));
    EXPECT_TRUE(contains(error, size < 6 ? "is not a .npy file" : "cut short")) << size << error;
  }
  EXPECT_EQ(error_of(whole), "no error");
}

TEST(NpyHeader, SaysHowToSaveWhatItCannotRead) {
  EXPECT_EQ(error_of(npy_file(">f4", "(1,)", "1234")),
            "x.npy: holds big-endian numbers ('>f4'); save x.astype('<f4') instead of x");
  EXPECT_EQ(error_of(npy_envelope("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", 1) +
                     "1234"),
            "x.npy: lies in Fortran order, column by column; save numpy.ascontiguousarray(x) "
            "instead of x");
  for (const char* type : {"|O", "<U4", "|S3", "<M8[ns]", "", "f4", "<f3", "<q8", "float32"}) {
    const std::string error = error_of(npy_file(type, "(1,)", "1234"));
    EXPECT_TRUE(contains(error, "not plain numbers; save numbers, for example x.astype('<f4')"))
        << error;
  }
  EXPECT_TRUE(contains(
      error_of(npy_envelope(
          "{'descr': [('a', '<f4'), ('b', '<i4')], 'fortran_order': False, 'shape': (1,), }", 1)),
      "holds values of type 'a list of fields', not plain numbers"));
  EXPECT_EQ(error_of("PK\x03\x04 and so on"),
            "x.npy: is not a .npy file, but a .npz or other archive of several files; save one "
            "array with numpy.save");
  EXPECT_EQ(error_of("1,2,3\n"), "x.npy: is not a .npy file; save one array with numpy.save");
  EXPECT_TRUE(contains(error_of(npy_envelope("{}", 3)), "is of version 3.0 of the .npy format"));
}

TEST(NpyHeader, RefusesEveryOtherDictionary) {
  for (const char* dictionary : {
           "",
           "{}",
           "{",
           "}",
           "[]",
           "None",
           "{'descr': '<f4', 'fortran_order': False}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
           "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
           "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1,}",
           "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}",
           "{'descr': [('a', '<f4'), 'fortran_order': False, 'shape': (1,)}",
       }) {
    const std::string error = error_of(npy_envelope(dictionary, 1) + "1234");
    EXPECT_TRUE(contains(error, "its header does not read as numpy.save writes it")) << error;
  }
}

TEST(NpyHeader, BoundsItsLength) {
  std::string file = npy_envelope("{}", 2);
  for (std::size_t i = 8; i < 12; ++i) file[i] = '\x7f';
  EXPECT_TRUE(contains(error_of(file), "its header of 2139062143 bytes is longer than 65536"));
}

TEST(NpyHeader, ShowsNoControlCharactersOfAFile) {
  const std::string error = error_of(npy_envelope("{\x1b[31m\n" + std::string(500, 'x'), 1));
  EXPECT_EQ(error.find('\x1b'), std::string::npos);
  EXPECT_LT(error.size(), 250u);
}

// ---- files -------------------------------------------------------------------------------------

TEST(NpyFile, ReadsBackWhatIsWritten) {
  const TemporaryFolder folder;
  const std::vector<float> written = {1.0f, -2.5f, 1e-30f};
  write_file(folder / "x.npy", npy_bytes(written));
  Result<NpyFile> file = NpyFile::open(folder / "x.npy");
  ASSERT_TRUE(file.ok()) << file.error().text;
  EXPECT_EQ(file->header().type, "<f4");
  EXPECT_EQ(file->header().shape, std::vector<std::uint64_t>{3});
  EXPECT_TRUE(file->expect_type({"<f4"}).ok());
  std::vector<float> values(3);
  ASSERT_TRUE(file->read(std::span(values)).ok());
  EXPECT_EQ(values, written);
}

TEST(NpyFile, NamesTheTypesThatWouldDo) {
  const TemporaryFolder folder;
  write_file(folder / "x.npy", npy_file("<f8", "(1,)", "12345678"));
  const Result<NpyFile> file = NpyFile::open(folder / "x.npy");
  ASSERT_TRUE(file.ok()) << file.error().text;
  const std::string name = (folder / "x.npy").string();
  EXPECT_EQ(file->expect_type({"<f4"}).error().text,
            name + ": holds '<f8', wanted is '<f4'; save x.astype('<f4') instead of x");
  EXPECT_EQ(
      file->expect_type({"|u1", "<f4"}).error().text,
      name + ": holds '<f8', wanted is one of '|u1', '<f4'; save x.astype('<f4') instead of x");
}

TEST(NpyFile, NamesFilesThatAreNone) {
  const TemporaryFolder folder;
  EXPECT_EQ(NpyFile::open(folder / "none.npy").error().text,
            (folder / "none.npy").string() + ": no such file");
  EXPECT_EQ(NpyFile::open(folder.path()).error().text, folder.path().string() + ": not a file");
}

TEST(NpyFileDeathTest, WantsRoomForTheWholeArray) {
  const TemporaryFolder folder;
  write_file(folder / "x.npy", npy_bytes(std::vector<float>(3)));
  Result<NpyFile> file = NpyFile::open(folder / "x.npy");
  std::vector<float> values(2);
  EXPECT_DEATH(static_cast<void>(file->read(std::span(values))), "room for the whole array");
}

}  // namespace
}  // namespace psephos
