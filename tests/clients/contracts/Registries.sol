// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.24;

// The three registries of ERC-8004 written as plainly as possible, to compare the native ones with: lists, and loops
// over them. What they must answer is what docs/agents.md section 1 says of the reference implementation 2.0.0.

interface ITakesAgents {
    function onERC721Received(address operator, address from, uint256 id, bytes calldata data) external returns (bytes4);
}

interface IChecksSignatures {
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4);
}

contract IdentityReference {
    struct MetadataEntry {
        string metadataKey;
        bytes metadataValue;
    }

    error ERC721IncorrectOwner(address sender, uint256 tokenId, address owner);
    error ERC721InsufficientApproval(address operator, uint256 tokenId);
    error ERC721InvalidApprover(address approver);
    error ERC721InvalidOperator(address operator);
    error ERC721InvalidOwner(address owner);
    error ERC721InvalidReceiver(address receiver);
    error ERC721NonexistentToken(uint256 tokenId);

    event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);
    event MetadataSet(uint256 indexed agentId, string indexed indexedMetadataKey, string metadataKey, bytes metadataValue);
    event MetadataUpdate(uint256 _tokenId);
    event Registered(uint256 indexed agentId, string agentURI, address indexed owner);
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);
    event URIUpdated(uint256 indexed agentId, string newURI, address indexed updatedBy);

    string public constant name = "AgentIdentity";
    string public constant symbol = "AGENT";
    string public constant getVersion = "2.0.0";

    struct Agent {
        address owner;
        address approved;
        string uri;
        mapping(string => bytes) values;
    }

    Agent[] private agents;
    mapping(address => uint256) private owned;
    mapping(address => mapping(address => bool)) public isApprovedForAll;

    constructor(address system) {
        uint256 id = create(system);
        emit Registered(id, "", system);
        putWallet(id, abi.encodePacked(system));
    }

    function register() external returns (uint256 id) {
        id = create(msg.sender);
        emit Registered(id, "", msg.sender);
        putWallet(id, abi.encodePacked(msg.sender));
        offer(address(0), msg.sender, id, "");
    }

    function register(string calldata uri) external returns (uint256 id) {
        id = createWithUri(uri);
        offer(address(0), msg.sender, id, "");
    }

    function register(string calldata uri, MetadataEntry[] calldata entries) external returns (uint256 id) {
        id = createWithUri(uri);
        for (uint256 i = 0; i < entries.length; i++) put(id, entries[i].metadataKey, entries[i].metadataValue);
        offer(address(0), msg.sender, id, "");
    }

    function create(address owner) private returns (uint256 id) {
        id = agents.length;
        agents.push().owner = owner;
        owned[owner] += 1;
        emit Transfer(address(0), owner, id);
    }

    function createWithUri(string calldata uri) private returns (uint256 id) {
        id = create(msg.sender);
        agents[id].uri = uri;
        emit MetadataUpdate(id);
        emit Registered(id, uri, msg.sender);
        putWallet(id, abi.encodePacked(msg.sender));
    }

    function isWalletKey(string memory key) private pure returns (bool) {
        return keccak256(bytes(key)) == keccak256("agentWallet");
    }

    function put(uint256 id, string calldata key, bytes calldata value) private {
        require(!isWalletKey(key), "reserved key");
        agents[id].values[key] = value;
        emit MetadataSet(id, key, key, value);
    }

    function putWallet(uint256 id, bytes memory wallet) private {
        agents[id].values["agentWallet"] = wallet;
        emit MetadataSet(id, "agentWallet", "agentWallet", wallet);
    }

    function offer(address from, address to, uint256 id, bytes memory data) private {
        if (to.code.length == 0) return;
        try ITakesAgents(to).onERC721Received(msg.sender, from, id, data) returns (bytes4 answer) {
            if (answer != ITakesAgents.onERC721Received.selector) revert ERC721InvalidReceiver(to);
        } catch (bytes memory reason) {
            if (reason.length == 0) revert ERC721InvalidReceiver(to);
            assembly {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    function ownerOf(uint256 id) public view returns (address) {
        if (id >= agents.length) revert ERC721NonexistentToken(id);
        return agents[id].owner;
    }

    function isAuthorizedOrOwner(address spender, uint256 id) public view returns (bool) {
        address owner = ownerOf(id);
        return spender != address(0)
            && (spender == owner || isApprovedForAll[owner][spender] || spender == agents[id].approved);
    }

    modifier authorized(uint256 id) {
        require(isAuthorizedOrOwner(msg.sender, id), "Not authorized");
        _;
    }

    function setAgentURI(uint256 id, string calldata uri) external authorized(id) {
        agents[id].uri = uri;
        emit MetadataUpdate(id);
        emit URIUpdated(id, uri, msg.sender);
    }

    function setMetadata(uint256 id, string calldata key, bytes calldata value) external authorized(id) {
        put(id, key, value);
    }

    function getMetadata(uint256 id, string calldata key) external view returns (bytes memory) {
        return id < agents.length ? agents[id].values[key] : bytes("");
    }

    function getAgentWallet(uint256 id) external view returns (address) {
        return id < agents.length ? address(bytes20(agents[id].values["agentWallet"])) : address(0);
    }

    function setAgentWallet(uint256 id, address wallet, uint256 deadline, bytes calldata signature)
        external
        authorized(id)
    {
        require(wallet != address(0), "bad wallet");
        require(block.timestamp <= deadline, "expired");
        require(deadline <= block.timestamp + 5 minutes, "deadline too far");
        require(proves(wallet, digest(id, wallet, deadline), signature), "invalid wallet sig");
        putWallet(id, abi.encodePacked(wallet));
    }

    function digest(uint256 id, address wallet, uint256 deadline) private view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256("ERC8004IdentityRegistry"), keccak256("1"), block.chainid, address(this)
        ));
        bytes32 message = keccak256(abi.encode(
            keccak256("AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)"),
            id, wallet, agents[id].owner, deadline
        ));
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    function proves(address wallet, bytes32 hash, bytes calldata signature) private view returns (bool) {
        if (signature.length == 65) {
            bytes32 s = bytes32(signature[32:64]);
            bool low = uint256(s) <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
            if (low && ecrecover(hash, uint8(signature[64]), bytes32(signature[:32]), s) == wallet) return true;
        }
        (bool ok, bytes memory answer) =
            wallet.staticcall(abi.encodeCall(IChecksSignatures.isValidSignature, (hash, signature)));
        return ok && answer.length >= 32 && bytes32(answer) == bytes32(IChecksSignatures.isValidSignature.selector);
    }

    function unsetAgentWallet(uint256 id) external authorized(id) {
        putWallet(id, "");
    }

    function approve(address to, uint256 id) external {
        address owner = ownerOf(id);
        if (msg.sender != owner && !isApprovedForAll[owner][msg.sender]) revert ERC721InvalidApprover(msg.sender);
        agents[id].approved = to;
        emit Approval(owner, to, id);
    }

    function setApprovalForAll(address operator, bool approved) external {
        if (operator == address(0)) revert ERC721InvalidOperator(operator);
        isApprovedForAll[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    function transferFrom(address from, address to, uint256 id) public {
        if (to == address(0)) revert ERC721InvalidReceiver(to);
        address owner = ownerOf(id);
        if (!isAuthorizedOrOwner(msg.sender, id)) revert ERC721InsufficientApproval(msg.sender, id);
        if (owner != from) revert ERC721IncorrectOwner(from, id, owner);
        putWallet(id, "");
        agents[id].approved = address(0);
        agents[id].owner = to;
        owned[from] -= 1;
        owned[to] += 1;
        emit Transfer(from, to, id);
    }

    function safeTransferFrom(address from, address to, uint256 id) external {
        safeTransferFrom(from, to, id, "");
    }

    function safeTransferFrom(address from, address to, uint256 id, bytes memory data) public {
        transferFrom(from, to, id);
        offer(from, to, id, data);
    }

    function balanceOf(address owner) external view returns (uint256) {
        if (owner == address(0)) revert ERC721InvalidOwner(owner);
        return owned[owner];
    }

    function getApproved(uint256 id) external view returns (address) {
        ownerOf(id);
        return agents[id].approved;
    }

    function tokenURI(uint256 id) external view returns (string memory) {
        ownerOf(id);
        return agents[id].uri;
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0x80ac58cd || id == 0x5b5e139f || id == 0x49064906;
    }
}

contract ReputationReference {
    event NewFeedback(
        uint256 indexed agentId, address indexed clientAddress, uint64 feedbackIndex, int128 value, uint8 valueDecimals,
        string indexed indexedTag1, string tag1, string tag2, string endpoint, string feedbackURI, bytes32 feedbackHash
    );
    event FeedbackRevoked(uint256 indexed agentId, address indexed clientAddress, uint64 indexed feedbackIndex);
    event ResponseAppended(
        uint256 indexed agentId, address indexed clientAddress, uint64 feedbackIndex, address indexed responder,
        string responseURI, bytes32 responseHash
    );

    struct Entry {
        int128 value;
        uint8 decimals;
        bool revoked;
        string tag1;
        string tag2;
        address[] responders;
    }

    /// What `giveFeedback` says of an entry and does not keep.
    struct Said {
        string endpoint;
        string uri;
        bytes32 hash;
    }

    struct Page {
        address[] clients;
        uint64[] indexes;
        int128[] values;
        uint8[] decimals;
        string[] tag1s;
        string[] tag2s;
        bool[] revoked;
    }

    IdentityReference public immutable getIdentityRegistry;
    mapping(uint256 => address[]) private clientsOf;
    mapping(uint256 => mapping(address => Entry[])) private entries;

    constructor(IdentityReference identity) {
        getIdentityRegistry = identity;
    }

    function giveFeedback(
        uint256 id, int128 value, uint8 decimals, string calldata tag1, string calldata tag2, string calldata endpoint,
        string calldata uri, bytes32 hash
    ) external {
        Said memory said = Said(endpoint, uri, hash);
        give(id, Entry(value, decimals, false, tag1, tag2, new address[](0)), said);
    }

    function give(uint256 id, Entry memory entry, Said memory said) private {
        require(entry.decimals <= 18, "too many decimals");
        require(entry.value >= -1e38 && entry.value <= 1e38, "value too large");
        require(!getIdentityRegistry.isAuthorizedOrOwner(msg.sender, id), "Self-feedback not allowed");
        Entry[] storage list = entries[id][msg.sender];
        if (list.length == 0) clientsOf[id].push(msg.sender);
        list.push(entry);
        emit NewFeedback(
            id, msg.sender, uint64(list.length), entry.value, entry.decimals, entry.tag1, entry.tag1, entry.tag2,
            said.endpoint, said.uri, said.hash
        );
    }

    function at(uint256 id, address client, uint64 index) private view returns (Entry storage) {
        require(index <= entries[id][client].length, "index out of bounds");
        return entries[id][client][index - 1];
    }

    function revokeFeedback(uint256 id, uint64 index) external {
        require(index > 0, "index must be > 0");
        Entry storage entry = at(id, msg.sender, index);
        require(!entry.revoked, "Already revoked");
        entry.revoked = true;
        emit FeedbackRevoked(id, msg.sender, index);
    }

    function appendResponse(uint256 id, address client, uint64 index, string calldata uri, bytes32 hash) external {
        require(index > 0, "index must be > 0");
        require(bytes(uri).length > 0, "Empty URI");
        at(id, client, index).responders.push(msg.sender);
        emit ResponseAppended(id, client, index, msg.sender, uri, hash);
    }

    function readFeedback(uint256 id, address client, uint64 index)
        external
        view
        returns (int128, uint8, string memory, string memory, bool)
    {
        require(index > 0, "index must be > 0");
        Entry storage entry = at(id, client, index);
        return (entry.value, entry.decimals, entry.tag1, entry.tag2, entry.revoked);
    }

    function getLastIndex(uint256 id, address client) external view returns (uint64) {
        return uint64(entries[id][client].length);
    }

    function getClients(uint256 id) external view returns (address[] memory) {
        return clientsOf[id];
    }

    function same(string memory filter, string memory tag) private pure returns (bool) {
        return bytes(filter).length == 0 || keccak256(bytes(filter)) == keccak256(bytes(tag));
    }

    struct Sums {
        int256 total;
        uint64 count;
        uint64[19] frequency;
    }

    function getSummary(uint256 id, address[] calldata clients, string calldata tag1, string calldata tag2)
        external
        view
        returns (uint64, int128, uint8)
    {
        require(clients.length > 0, "clientAddresses required");
        Sums memory sums;
        for (uint256 i = 0; i < clients.length; i++) addClient(sums, entries[id][clients[i]], tag1, tag2);
        if (sums.count == 0) return (0, 0, 0);
        uint8 mode = 0;
        for (uint8 d = 1; d <= 18; d++) if (sums.frequency[d] > sums.frequency[mode]) mode = d;
        int256 average = sums.total / int256(uint256(sums.count));
        return (sums.count, int128(average / int256(10 ** (18 - uint256(mode)))), mode);
    }

    function addClient(Sums memory sums, Entry[] storage list, string memory tag1, string memory tag2) private view {
        for (uint256 i = 0; i < list.length; i++) {
            Entry storage entry = list[i];
            if (entry.revoked || !same(tag1, entry.tag1) || !same(tag2, entry.tag2)) continue;
            sums.total += int256(entry.value) * int256(10 ** (18 - uint256(entry.decimals)));
            sums.frequency[entry.decimals] += 1;
            sums.count += 1;
        }
    }

    /// Answers seven arrays (clients, indexes, values, decimals, tags 1, tags 2, revoked): too many to name on the stack.
    function readAllFeedback(
        uint256 id, address[] calldata clients, string calldata tag1, string calldata tag2, bool withRevoked
    ) external view {
        bytes memory answer = encoded(collect(id, clients, [tag1, tag2], withRevoked));
        assembly {
            return(add(answer, 32), mload(answer))
        }
    }

    function encoded(Page memory page) private pure returns (bytes memory) {
        return abi.encode(
            page.clients, page.indexes, page.values, page.decimals, page.tag1s, page.tag2s, page.revoked
        );
    }

    function collect(uint256 id, address[] memory list, string[2] memory tags, bool withRevoked)
        private
        view
        returns (Page memory page)
    {
        if (list.length == 0) list = clientsOf[id];
        uint256 most = 0;
        for (uint256 i = 0; i < list.length; i++) most += entries[id][list[i]].length;
        page = Page(
            new address[](most), new uint64[](most), new int128[](most), new uint8[](most), new string[](most),
            new string[](most), new bool[](most)
        );
        uint256 used = 0;
        for (uint256 i = 0; i < list.length; i++) {
            for (uint64 j = 1; j <= entries[id][list[i]].length; j++) {
                Entry storage entry = at(id, list[i], j);
                if (entry.revoked && !withRevoked) continue;
                if (!same(tags[0], entry.tag1) || !same(tags[1], entry.tag2)) continue;
                fill(page, used, entry);
                page.clients[used] = list[i];
                page.indexes[used] = j;
                used += 1;
            }
        }
        shorten(page, used);
    }

    function fill(Page memory page, uint256 place, Entry storage entry) private view {
        page.values[place] = entry.value;
        page.decimals[place] = entry.decimals;
        page.tag1s[place] = entry.tag1;
        page.tag2s[place] = entry.tag2;
        page.revoked[place] = entry.revoked;
    }

    function shorten(Page memory page, uint256 length) private pure {
        assembly {
            for { let i := 0 } lt(i, 7) { i := add(i, 1) } { mstore(mload(add(page, mul(i, 32))), length) }
        }
    }

    function getResponseCount(uint256 id, address client, uint64 index, address[] calldata responders)
        external
        view
        returns (uint64 count)
    {
        if (client != address(0)) return countClient(id, client, index, responders);
        for (uint256 i = 0; i < clientsOf[id].length; i++) count += countClient(id, clientsOf[id][i], 0, responders);
    }

    function countClient(uint256 id, address client, uint64 index, address[] calldata responders)
        private
        view
        returns (uint64 count)
    {
        for (uint256 i = 0; i < entries[id][client].length; i++) {
            if (index != 0 && index != i + 1) continue;
            address[] storage by = entries[id][client][i].responders;
            if (responders.length == 0) count += uint64(by.length);
            for (uint256 r = 0; r < responders.length; r++) {
                for (uint256 k = 0; k < by.length; k++) if (by[k] == responders[r]) count += 1;
            }
        }
    }
}

contract ValidationReference {
    event ValidationRequest(
        address indexed validatorAddress, uint256 indexed agentId, string requestURI, bytes32 indexed requestHash
    );
    event ValidationResponse(
        address indexed validatorAddress, uint256 indexed agentId, bytes32 indexed requestHash, uint8 response,
        string responseURI, bytes32 responseHash, string tag
    );

    struct Request {
        address validator;
        uint256 agent;
        uint8 response;
        bool answered;
        bytes32 evidence;
        string tag;
        uint256 changed;
    }

    IdentityReference public immutable getIdentityRegistry;
    mapping(bytes32 => Request) private requests;
    mapping(uint256 => bytes32[]) private ofAgent;
    mapping(address => bytes32[]) private ofValidator;

    constructor(IdentityReference identity) {
        getIdentityRegistry = identity;
    }

    function validationRequest(address validator, uint256 id, string calldata uri, bytes32 hash) external {
        require(validator != address(0), "bad validator");
        Request storage request = requests[hash];
        require(request.validator == address(0), "exists");
        require(getIdentityRegistry.isAuthorizedOrOwner(msg.sender, id), "Not authorized");
        request.validator = validator;
        request.agent = id;
        request.changed = block.timestamp;
        ofAgent[id].push(hash);
        ofValidator[validator].push(hash);
        emit ValidationRequest(validator, id, uri, hash);
    }

    function validationResponse(
        bytes32 hash, uint8 response, string calldata uri, bytes32 evidence, string calldata tag
    ) external {
        Request storage request = requests[hash];
        require(request.validator != address(0), "unknown");
        require(request.validator == msg.sender, "not validator");
        require(response <= 100, "resp>100");
        request.response = response;
        request.answered = true;
        request.evidence = evidence;
        request.tag = tag;
        request.changed = block.timestamp;
        emit ValidationResponse(msg.sender, request.agent, hash, response, uri, evidence, tag);
    }

    function getValidationStatus(bytes32 hash)
        external
        view
        returns (address, uint256, uint8, bytes32, string memory, uint256)
    {
        Request storage request = requests[hash];
        require(request.validator != address(0), "unknown");
        return (request.validator, request.agent, request.response, request.evidence, request.tag, request.changed);
    }

    function getSummary(uint256 id, address[] calldata validators, string calldata tag)
        external
        view
        returns (uint64 count, uint8)
    {
        uint256 sum = 0;
        for (uint256 i = 0; i < ofAgent[id].length; i++) {
            Request storage request = requests[ofAgent[id][i]];
            bool tagged = bytes(tag).length == 0 || keccak256(bytes(tag)) == keccak256(bytes(request.tag));
            if (!request.answered || !tagged || !listed(request.validator, validators)) continue;
            sum += request.response;
            count += 1;
        }
        return (count, count == 0 ? 0 : uint8(sum / count));
    }

    function listed(address validator, address[] calldata validators) private pure returns (bool) {
        for (uint256 i = 0; i < validators.length; i++) if (validators[i] == validator) return true;
        return validators.length == 0;
    }

    function getAgentValidations(uint256 id) external view returns (bytes32[] memory) {
        return ofAgent[id];
    }

    function getValidatorRequests(address validator) external view returns (bytes32[] memory) {
        return ofValidator[validator];
    }
}

/// Takes agents, or refuses with a reason, or with none, or calls the registry back.
contract Receiver {
    uint8 public mood;

    error Unwilling(uint8 mood);

    function be(uint8 next) external {
        mood = next;
    }

    function registerAt(address registry, string calldata uri) external returns (uint256) {
        (bool ok, bytes memory answer) = registry.call(abi.encodeWithSignature("register(string)", uri));
        if (!ok) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
        return abi.decode(answer, (uint256));
    }

    function onERC721Received(address, address, uint256 id, bytes calldata) external returns (bytes4) {
        if (mood == 1) revert Unwilling(mood);
        if (mood == 2) revert();
        if (mood == 3) return 0xdeadbeef;
        if (mood == 4) IdentityReference(msg.sender).transferFrom(address(this), address(1), id);
        return ITakesAgents.onERC721Received.selector;
    }
}
